// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"encoding/binary"
	"flag"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/ptracetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var update = flag.Bool("update", false, "write the golden traces anew")

// expectation says in what way the traces of one build of a target are unlike those of others.
type expectation struct {
	// golden is the build whose traces -update writes.
	golden bool
	// routes says that http.ServeMux notes patterns in requests: from Go 1.22 on, if go.mod asks for it.
	routes bool
	// errors are the types of errors that net/http gave in another version of Go, by those in the golden traces.
	errors map[string]string
	// addresses are those of servers, which differ from run to run, and what stands for them.
	addresses map[string]string
}

// compareGolden holds spans, in the order of their starts, to testdata/golden/<name>.yaml.
func compareGolden(t *testing.T, name string, spans []span, e expectation) {
	t.Helper()
	path := filepath.Join("..", "testdata", "golden", name+".yaml")
	actual := e.normal(spans)
	if *update {
		if e.golden {
			require.NoError(t, golden.WriteTracesToFile(path, actual))
		}
		return
	}
	expected, err := golden.ReadTraces(path)
	require.NoError(t, err)
	if !e.routes {
		dropRoutes(expected)
	}
	for _, s := range spansOf(expected) {
		if errorType, ok := s.Attributes().Get("error.type"); ok && e.errors[errorType.Str()] != "" {
			errorType.SetStr(e.errors[errorType.Str()])
		}
	}
	assert.NoError(t, ptracetest.CompareTraces(expected, actual), name)
	assert.Equal(t, flagsOf(expected), flagsOf(actual), "flags of %s", name)
}

// dropRoutes takes out of a trace what comes from patterns.
func dropRoutes(traces ptrace.Traces) {
	for _, s := range spansOf(traces) {
		if route, ok := s.Attributes().Get("http.route"); ok {
			s.SetName(strings.TrimSuffix(s.Name(), " "+route.Str()))
			s.Attributes().Remove("http.route")
		}
	}
}

// flagsOf lists the flags of all spans, which ptracetest does not compare.
func flagsOf(traces ptrace.Traces) (flags []uint32) {
	for _, s := range spansOf(traces) {
		flags = append(flags, s.Flags())
	}
	return flags
}

// normal gathers spans in one trace and replaces what differs from run to run: the target's process
// and host, addresses, times; identifiers become numbers in the order of their appearance, so that who
// is whose child stays.
func (e expectation) normal(spans []span) ptrace.Traces {
	traces := ptrace.NewTraces()
	place := traces.ResourceSpans().AppendEmpty()
	scopes := map[string]ptrace.ScopeSpans{}
	ids := identifiers{traces: map[pcommon.TraceID]pcommon.TraceID{}, spans: map[pcommon.SpanID]pcommon.SpanID{}}
	for i, s := range spans {
		if i == 0 {
			s.place.Resource().CopyTo(place.Resource())
			place.SetSchemaUrl(s.place.SchemaUrl())
		}
		scope, known := scopes[s.scope.Scope().Name()]
		if !known {
			scope = place.ScopeSpans().AppendEmpty()
			scopes[s.scope.Scope().Name()] = scope
			s.scope.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(s.scope.SchemaUrl())
		}
		normal := scope.Spans().AppendEmpty()
		s.CopyTo(normal)
		ids.number(normal)
		normal.SetStartTimestamp(0)
		normal.SetEndTimestamp(0)
		e.hideAddresses(normal.Attributes())
	}
	for _, key := range []string{
		"process.pid", "process.executable.path", "process.runtime.version", "service.instance.id", "host.name", "host.arch", "telemetry.distro.version",
	} {
		if _, ok := place.Resource().Attributes().Get(key); ok {
			place.Resource().Attributes().PutStr(key, "*")
		}
	}
	return traces
}

// hideAddresses replaces ports that the kernel chose.
func (e expectation) hideAddresses(attributes pcommon.Map) {
	if _, ok := attributes.Get("network.peer.port"); ok {
		attributes.PutStr("network.peer.port", "*")
	}
	host, _ := attributes.Get("server.address")
	port, hasPort := attributes.Get("server.port")
	for address, name := range e.addresses {
		if hasPort && host.Str()+":"+port.AsString() == address {
			attributes.PutStr("server.port", "port of "+name)
		}
		for _, key := range []string{"url.full", "url.query", "server.address"} {
			if value, ok := attributes.Get(key); ok {
				text := strings.ReplaceAll(value.Str(), address, name)
				value.SetStr(strings.ReplaceAll(text, url.QueryEscape(address), name))
			}
		}
	}
}

// identifiers gives numbers to identifiers. Those of remote parents are the test's own and stay.
type identifiers struct {
	traces map[pcommon.TraceID]pcommon.TraceID
	spans  map[pcommon.SpanID]pcommon.SpanID
}

func (x identifiers) number(s ptrace.Span) {
	trace := s.TraceID()
	if _, known := x.traces[trace]; !known {
		x.traces[trace] = trace
		if s.Flags()&flagsIsRemote == 0 {
			x.traces[trace] = pcommon.TraceID{15: byte(len(x.traces))}
		}
	}
	s.SetTraceID(x.traces[trace])

	var number pcommon.SpanID
	binary.BigEndian.PutUint64(number[:], uint64(len(x.spans)+1))
	x.spans[s.SpanID()] = number
	s.SetSpanID(number)
	if parent, known := x.spans[s.ParentSpanID()]; known {
		s.SetParentSpanID(parent)
	}
}
