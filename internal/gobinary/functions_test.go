// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFunctions(t *testing.T) {
	functions := []testFunction{
		{name: "main.main", text: make([]byte, 16)},
		{name: "net/http.(*conn).serve", text: make([]byte, 32)},
		{name: "example.com/a/vendor/golang.org/x/net/http2.serve", text: make([]byte, 48)},
		{name: "golang.org/x/net/http2.serve", text: make([]byte, 64)},
	}
	for name, e := range map[string]synthetic{
		"plain":           {functions: functions},
		"pie":             {functions: functions, pie: true},
		"arm64":           {functions: functions, machine: elf.EM_AARCH64},
		"arm64 pie":       {functions: functions, machine: elf.EM_AARCH64, pie: true},
		"go1.18":          {functions: functions, goVersion: "go1.18.10", magic: pclntabMagic118},
		"go1.27":          {functions: functions, goVersion: "go1.27.4"},
		"newer":           {functions: functions, goVersion: "go1.99"},
		"section of 1.25": {functions: functions, goVersion: "go1.25.1", pie: true, section: ".data.rel.ro.gopclntab"},
		"merged section":  {functions: functions, pie: true, section: ".data.rel.ro"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := e.open(t).Functions("net/http.(*conn).serve", "golang.org/x/net/http2.serve", "no.such")
			require.NoError(t, err)
			const text = testBase + testText
			assert.Equal(t, map[string][]Function{
				"net/http.(*conn).serve": {{"net/http.(*conn).serve", text + 16, text + 48}},
				"golang.org/x/net/http2.serve": {
					{"example.com/a/vendor/golang.org/x/net/http2.serve", text + 48, text + 96},
					{"golang.org/x/net/http2.serve", text + 96, text + 160},
				},
			}, found)
		})
	}
}

func TestFunctionsOfCorruptFile(t *testing.T) {
	const ftab = testRodata + testFtab
	put32 := func(at int, value uint32) func([]byte) {
		return func(file []byte) { binary.LittleEndian.PutUint32(file[at:], value) }
	}
	put64 := func(at int, value uint64) func([]byte) {
		return func(file []byte) { binary.LittleEndian.PutUint64(file[at:], value) }
	}
	for name, c := range map[string]struct {
		corrupt func(file []byte)
		want    string
	}{
		"magic of Go 1.16":      {put32(testRodata, pclntabMagic116), "Go 1.18 is the oldest"},
		"unknown magic":         {put32(testRodata, 0xfffffff2), "unknown magic 0xfffffff2"},
		"pointer size":          {func(file []byte) { file[testRodata+7] = 4 }, "header is corrupt"},
		"too many functions":    {put64(testRodata+8, 1<<40), "header is corrupt"},
		"more than moduledata":  {put64(testRodata+8, 1), "runtime.firstmoduledata is not there"},
		"names behind the end":  {put64(testRodata+32, 1<<40), "header is corrupt"},
		"table behind the end":  {put64(testRodata+64, 1<<63), "header is corrupt"},
		"record behind the end": {put32(ftab+4, 1<<31), "record of a function"},
		"entry out of text":     {put32(ftab+8, 1<<31), "is not in the text"},
		"ends before its entry": {put32(ftab+8, 0), "is not in the text"},
		"name without end": {func(file []byte) {
			for i := range file[testRodata+testNames : testRodata+testPctab] {
				file[testRodata+testNames+i] = 'x'
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := synthetic{functions: []testFunction{
				{name: "main.main", text: make([]byte, 16)}, {name: "main.init", text: make([]byte, 16)},
			}}.bytes()
			c.corrupt(file)
			f, err := Open(bytes.NewReader(file))
			require.NoError(t, err)
			found, err := f.Functions("main.main")
			if c.want == "" {
				assert.NoError(t, err)
				assert.Empty(t, found)
				return
			}
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestInlined(t *testing.T) {
	functions := []testFunction{
		{name: "main.main", text: make([]byte, 16), inlined: []string{"strings.HasPrefix", "strings.Index"}},
		{name: "main.one", text: make([]byte, 16)},
		{name: "main.two", text: make([]byte, 16), inlined: []string{"a/vendor/b.F", "strings.Index"}},
	}
	for name, e := range map[string]synthetic{
		"go1.18":       {functions: functions, goVersion: "go1.18.10", magic: pclntabMagic118},
		"go1.20":       {functions: functions, goVersion: "go1.20.14"},
		"go1.27 arm64": {functions: functions, goVersion: "go1.27.0", machine: elf.EM_AARCH64},
		"pie":          {functions: functions, pie: true},
	} {
		t.Run(name, func(t *testing.T) {
			inlined, err := e.open(t).Inlined("main.one", "strings.Index", "b.F", "strings.HasSuffix")
			require.NoError(t, err)
			assert.Equal(t, []string{"b.F", "strings.Index"}, inlined)
		})
	}
}

func TestInlinedOfUnknownRelease(t *testing.T) {
	e := synthetic{functions: []testFunction{{name: "main.main", text: make([]byte, 16)}}}
	for version, want := range map[string]string{
		"go1.17.1":           "older than 1.18",
		"go1.28":             "newer than 1.27",
		"devel +abc Mon Jan": "does not name a release",
	} {
		e.goVersion = version
		_, err := e.open(t).Inlined("main.main")
		assert.ErrorContains(t, err, want)
	}
}

func TestInlinedIsBounded(t *testing.T) {
	f := synthetic{functions: []testFunction{
		{name: "main.main", text: make([]byte, 16), inlined: []string{"a.A", "a.B", "a.C"}},
	}}.open(t)
	table, err := f.pclntab()
	require.NoError(t, err)
	for steps, want := range map[int]bool{6: true, 5: false} { // three entries, three nodes, and the end
		w := &inlineWalk{m: f.image, t: table, gofunc: testBase + testRodata + testGofunc, step: 1, steps: steps + 1}
		err := table.each(f.image, w.function)
		assert.Equal(t, want, err == nil, "%d steps: %v", steps, err)
	}
}
