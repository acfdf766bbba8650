// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMatchPackage(t *testing.T) {
	const http2 = "golang.org/x/net/http2"
	for path, want := range map[string]packageMatch{
		http2:                                    exactMatch,
		"vendor/" + http2:                        vendoredMatch,
		"example.com/app/vendor/" + http2:        vendoredMatch,
		"example.com/a/vendor/b/vendor/" + http2: vendoredMatch,
		"example.com/thevendor/" + http2:         noMatch,
		"thevendor/" + http2:                     noMatch,
		"example.com/" + http2:                   noMatch,
		http2 + "/h2c":                           noMatch,
		"http2":                                  noMatch,
		"":                                       noMatch,
	} {
		assert.Equal(t, want, matchPackage(path, http2), path)
	}
}

func TestWantedStruct(t *testing.T) {
	one, other := structOffsets{"Host": 40}, structOffsets{"Host": 48}
	type candidate struct {
		match   packageMatch
		offsets structOffsets
	}
	for _, test := range []struct {
		name       string
		candidates []candidate
		want       structOffsets
		ok         bool
	}{
		{"none", nil, nil, false},
		{"one", []candidate{{exactMatch, one}}, one, true},
		{"without the wanted field", []candidate{{exactMatch, structOffsets{}}}, structOffsets{}, true},
		{"the same twice", []candidate{{exactMatch, one}, {exactMatch, one}}, one, true},
		{"namesakes", []candidate{{exactMatch, one}, {exactMatch, other}}, nil, false},
		{"namesakes and again the first", []candidate{{exactMatch, one}, {exactMatch, other}, {exactMatch, one}}, nil, false},
		{"vendored", []candidate{{vendoredMatch, one}}, one, true},
		{"vendored by two", []candidate{{vendoredMatch, one}, {vendoredMatch, other}}, nil, false},
		{"itself and vendored", []candidate{{vendoredMatch, one}, {exactMatch, other}, {vendoredMatch, one}}, other, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			search := newStructSearch(fieldsOf("net/url", "URL", "Host"))
			wanted := search["URL"][0]
			for _, c := range test.candidates {
				wanted.add(c.match, c.offsets)
			}
			offsets, ok := wanted.result()
			assert.Equal(t, test.ok, ok)
			assert.Equal(t, test.want, offsets)
			assert.Equal(t, test.ok, search.complete())
		})
	}
}
