// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fieldsOf(pkg, structure, fields string) []Field {
	var all []Field
	for _, f := range strings.Fields(fields) {
		all = append(all, Field{pkg, structure, f})
	}
	return all
}

// tracedFields returns what probes on net/http read, of a release.
func tracedFields(minor int) []Field {
	var fields []Field
	add := func(since, until int, pkg, structure, names string) {
		if since <= minor && minor <= until {
			fields = append(fields, fieldsOf(pkg, structure, names)...)
		}
	}
	add(18, 27, "net/http", "Request", "Method URL Proto ProtoMajor ProtoMinor Header ContentLength Host RemoteAddr TLS RequestURI ctx")
	add(22, 27, "net/http", "Request", "pat")
	add(23, 27, "net/http", "Request", "Pattern")
	add(18, 27, "net/http", "response", "conn req wroteHeader status written")
	add(18, 27, "net/http", "conn", "hijackedv")
	add(22, 27, "net/http", "pattern", "str")
	add(18, 27, "net/url", "URL", "Scheme Opaque User Host Path RawPath RawQuery ForceQuery")
	add(18, 27, "net/http", "Response", "StatusCode ProtoMajor ProtoMinor Request ContentLength")
	add(18, 27, "runtime", "g", "goid stack _panic")
	add(21, 27, "runtime", "g", "parentGoid")
	add(18, 27, "runtime", "_panic", "arg goexit recovered")
	add(18, 27, "runtime", "stack", "hi")
	add(18, 26, "net/http", "http2responseWriter", "rws")
	add(18, 26, "net/http", "http2responseWriterState", "status wroteHeader wroteBytes req stream")
	add(27, 27, "net/http/internal/http2", "responseWriter", "rws")
	add(27, 27, "net/http/internal/http2", "responseWriterState", "status wroteHeader wroteBytes req stream")
	add(18, 23, "runtime", "hmap", "count B buckets oldbuckets")
	add(24, 27, "internal/runtime/maps", "Map", "used dirPtr dirLen")
	add(24, 27, "internal/runtime/maps", "table", "groups")
	add(24, 27, "internal/runtime/maps", "groupsReference", "data lengthMask")
	return fields
}

func TestLayoutSourcesDisagree(t *testing.T) {
	layout := Layout{{"net/url", "URL", "Host"}: {40, SourceTypes}}
	search := newStructSearch(fieldsOf("net/url", "URL", "Host Path"))
	search["URL"][0].add(exactMatch, structOffsets{"Host": 40, "Path": 56})
	require.NoError(t, layout.add(search, SourceDWARF))
	assert.Equal(t, Layout{
		{"net/url", "URL", "Host"}: {40, SourceTypes},
		{"net/url", "URL", "Path"}: {56, SourceDWARF},
	}, layout)

	search = newStructSearch(fieldsOf("net/url", "URL", "Host"))
	search["URL"][0].add(exactMatch, structOffsets{"Host": 48})
	assert.EqualError(t, layout.add(search, SourceDWARF), "net/url.URL.Host is at 40 by types and at 48 by dwarf")
}
