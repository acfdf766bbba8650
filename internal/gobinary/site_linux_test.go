// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// probed are functions of net/http that probes sit in. Those of HTTP/2 have
// other names from Go 1.27 on.
var (
	probed = []string{
		"net/http.(*conn).serve", "net/http.(*conn).serve.func1", "net/http.serverHandler.ServeHTTP",
		"net/http.(*response).finishRequest", "net/http.(*Transport).roundTrip", "net/http.(*persistConn).roundTrip",
	}
	probedHTTP2 = map[bool][]string{
		false: {"net/http.(*http2serverConn).runHandler", "net/http.(*http2serverConn).runHandler.func1"},
		true:  {"net/http/internal/http2.(*serverConn).runHandler", "net/http/internal/http2.(*serverConn).runHandler.func1"},
	}
)

// siteBuilds are all releases for both instruction sets, and the ways to link
// that move code.
func siteBuilds() []targettest.Build {
	var all []targettest.Build
	for _, version := range targettest.Versions() {
		all = append(all,
			targettest.Build{Program: "httpserver", Go: version},
			targettest.Build{Program: "httpserver", Go: version, Strip: true},
			targettest.Build{Program: "httpserver", Go: version, PIE: true},
			targettest.Build{Program: "httpserver", Go: version, PIE: true, Strip: true},
			targettest.Build{Program: "httpserver", Go: version, GOARCH: "arm64", Strip: true},
		)
	}
	return append(all, targettest.Build{Program: "httpserver", Go: "1.18", CGO: true, Static: true})
}

// at reads the bytes around a site, from the file as a uprobe would.
func at(t *testing.T, r *os.File, site Site, before, after int) []byte {
	t.Helper()
	buf := make([]byte, before+after)
	_, err := r.ReadAt(buf, int64(site.Offset)-int64(before))
	require.NoError(t, err)
	return buf
}

// What is in the file at an entry site: the frame's push behind a short or a
// near JBE (76, or 0f 86), or that, or the word of a B.LS.
func requireEntry(t *testing.T, f *File, r *os.File, site Site, kind SiteKind) {
	t.Helper()
	require.Equal(t, kind, site.Kind)
	switch {
	case f.Arch() == ARM64:
		word := binary.LittleEndian.Uint32(at(t, r, site, 0, 4))
		require.Equal(t, uint32(0x54000009), word&0xff00001f, "B.LS")
	case kind == SiteFrame:
		code := at(t, r, site, 6, 1)
		require.Equal(t, byte(0x55), code[6], "PUSHQ BP")
		require.True(t, code[4] == 0x76 || code[0] == 0x0f && code[1] == 0x86, "% x", code)
	default:
		code := at(t, r, site, 0, 2)
		require.True(t, code[0] == 0x76 || code[0] == 0x0f && code[1] == 0x86, "% x", code)
	}
}

func TestEntriesOfPrograms(t *testing.T) {
	for _, b := range siteBuilds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			minor, err := f.GoMinor()
			require.NoError(t, err)
			kind := SiteStackCheck
			if f.Arch() == AMD64 && minor >= 21 {
				kind = SiteFrame
			}
			names := append(probedHTTP2[minor >= 27], probed...)
			found, err := f.Functions(names...)
			require.NoError(t, err)
			for _, name := range names {
				require.Len(t, found[name], 1, name)
				c, err := f.Code(found[name][0])
				require.NoError(t, err)
				site, err := c.Entry()
				require.NoError(t, err)
				offset, ok := f.image.fileOffset(site.Address)
				require.True(t, ok)
				require.Equal(t, offset, site.Offset)
				requireEntry(t, f, r, site, kind)
			}
		})
	}
}

// The results of a client's request are seen at one jump for both protocols,
// and a success then returns at one place.
func TestBranchesOfPrograms(t *testing.T) {
	const roundTrip, persistent = "net/http.(*Transport).roundTrip", "net/http.(*persistConn).roundTrip"
	for _, b := range siteBuilds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			found, err := f.Functions(roundTrip, persistent)
			require.NoError(t, err)
			require.Len(t, found[roundTrip], 1)
			require.Len(t, found[persistent], 1)
			c, err := f.Code(found[roundTrip][0])
			require.NoError(t, err)

			calls := c.Calls(found[persistent][0])
			require.Len(t, calls, 1)
			branch, ok := c.BranchAfter(calls[0], Register1)
			require.True(t, ok)
			requireTestOfError(t, f, r, branch)
			for _, register := range []Register{Register0, Register2} {
				_, ok := c.BranchAfter(calls[0], register)
				assert.False(t, ok)
			}

			others := 0
			for _, call := range c.IndirectCalls() {
				if b, ok := c.BranchAfter(call, Register1); ok {
					assert.Equal(t, branch, b, "pconn.alt.RoundTrip goes on at the same place")
					others++
				}
			}
			assert.Equal(t, 1, others)

			var success, failure int
			for _, ret := range c.Returns() {
				if c.Reaches(branch.Zero, ret) {
					success++
				}
				if c.Reaches(branch.NonZero, ret) {
					failure++
				}
				assert.False(t, c.Reaches(branch.Zero, ret) && c.Reaches(branch.NonZero, ret), "%#x", ret.Address)
			}
			assert.Equal(t, 1, success)
			assert.Equal(t, 2, failure)
			assert.Greater(t, len(c.Returns()), 10)
		})
	}
}

// requireTestOfError checks the bytes of TESTQ BX, BX and JE, or CBZ R1.
func requireTestOfError(t *testing.T, f *File, r *os.File, branch Branch) {
	t.Helper()
	require.Equal(t, SiteBranch, branch.Kind)
	if f.Arch() == ARM64 {
		word := binary.LittleEndian.Uint32(at(t, r, branch.Site, 0, 4))
		require.Equal(t, uint32(0xb4000001), word&0xff00001f, "CBZ R1")
		require.Equal(t, branch.Address+4, branch.NonZero)
		return
	}
	code := at(t, r, branch.Site, 3, 6)
	require.Equal(t, "48 85 db 0f 84", fmt.Sprintf("% x", code[:5]))
	require.Equal(t, branch.Address+6, branch.NonZero)
	require.Equal(t, branch.NonZero+uint64(binary.LittleEndian.Uint32(code[5:])), branch.Zero)
}

// Every function that is written in Go decodes, and has an entry site unless it
// loops to its first instruction.
func TestCodeOfPrograms(t *testing.T) {
	for _, b := range []targettest.Build{
		{Program: "httpserver", Go: "1.18"},
		{Program: "httpserver", Go: "1.27"},
		{Program: "httpserver", Go: "1.18", GOARCH: "arm64"},
		{Program: "httpserver", Go: "1.27", GOARCH: "arm64"},
	} {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			symbols, _ := goSymbols(t, r)
			looping := 0
			for _, s := range symbols {
				c, err := f.Code(Function{s.Name, s.Value, s.Value + s.Size})
				if err != nil {
					assert.Regexp(t, `addMulVVW`, err.Error(), "written in assembly, with ADCX")
					continue
				}
				last := c.instructions[len(c.instructions)-1]
				assert.Equal(t, s.Value+s.Size, last.end(), s.Name)
				if _, err := c.Entry(); err != nil {
					assert.ErrorContains(t, err, "it jumps to", s.Name)
					looping++
				}
			}
			assert.Less(t, looping, 10)
		})
	}
}
