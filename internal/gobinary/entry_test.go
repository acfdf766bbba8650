// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEntry(t *testing.T) {
	for _, c := range []struct {
		name string
		arch Arch
		text string
		want Site
		err  string
	}{
		{
			name: "frame behind the stack check", arch: AMD64,
			text: `49 3b 66 10 | 76 08 | 55 | 48 89 e5 | 90 | 5d | c3 | 90
				48 89 44 24 08 | e8 00 00 00 00 | 48 8b 44 24 08 | eb e1`,
			want: siteAt(6, SiteFrame),
		}, {
			name: "no frame pointer is pushed", arch: AMD64,
			text: `49 3b 66 10 | 76 0a | 48 83 ec 08 | 48 83 c4 08 | c3 | 90
				e8 00 00 00 00 | eb e9`,
			want: siteAt(4, SiteStackCheck),
		}, {
			name: "medium frame", arch: AMD64,
			text: `4c 8d 64 24 e8 | 4d 3b 66 10 | 76 03 | 55 | 5d | c3
				e8 00 00 00 00 | eb eb`,
			want: siteAt(11, SiteFrame),
		}, {
			name: "large frame", arch: AMD64,
			text: `49 89 e4 | 49 81 ec 00 20 00 00 | 72 09 | 4d 3b 66 10 | 76 03 | 55 | 5d | c3
				e8 00 00 00 00 | eb e4`,
			want: siteAt(18, SiteFrame),
		}, {
			name: "large frame without push", arch: AMD64,
			text: `49 89 e4 | 49 81 ec 00 20 00 00 | 72 09 | 4d 3b 66 10 | 76 03 | 90 | 90 | c3
				e8 00 00 00 00 | eb e4`,
			want: siteAt(16, SiteStackCheck),
		}, {
			name: "no stack check, but a frame", arch: AMD64,
			text: "55 | 48 89 e5 | 5d | c3", want: siteAt(0, SiteFrame),
		}, {
			name: "nothing of it", arch: AMD64, text: "48 89 d8 | c3", want: siteAt(0, SiteStepped),
		}, {
			name: "call", arch: AMD64, text: "e8 00 00 00 00 | c3", want: siteAt(0, SiteCall),
		}, {
			name: "return", arch: AMD64, text: "c3", want: siteAt(0, SiteReturn),
		}, {
			name: "branch", arch: AMD64, text: "74 00 | c3", want: siteAt(0, SiteBranch),
		}, {
			name: "bounds check", arch: AMD64, // its jump leads to a panic, not to morestack
			text: "48 39 d8 | 76 01 | c3 | e8 00 00 00 00 | 0f 0b", want: siteAt(0, SiteStepped),
		}, {
			name: "call that ends elsewhere", arch: AMD64,
			text: "48 39 d8 | 76 01 | c3 | e8 00 00 00 00 | eb f8", want: siteAt(0, SiteStepped),
		}, {
			name: "two calls before the jump back", arch: AMD64,
			text: "48 39 d8 | 76 01 | c3 | e8 00 00 00 00 | e8 00 00 00 00 | eb ee", err: "it jumps to 0x1000",
		}, {
			name: "loop to the entry", arch: AMD64, text: "48 ff c8 | 75 fb | c3", err: "it jumps to 0x1000",
		}, {
			name: "loop to the frame", arch: AMD64,
			text: "49 3b 66 10 | 76 04 | 55 | 75 fd | c3 | e8 00 00 00 00 | eb ef", err: "it jumps to 0x1006",
		}, {
			name: "other condition", arch: AMD64,
			text: "49 3b 66 10 | 72 02 | 90 | c3 | e8 00 00 00 00 | eb f1", err: "unknown form of stack check",
		}, {
			name: "stack check", arch: ARM64,
			text: "f9400b90 | eb3063ff | 54000069 | f81e0ffe | d65f03c0 | aa1e03e3 | 94000000 | 17fffff9",
			want: siteAt(8, SiteStackCheck),
		}, {
			name: "large frame", arch: ARM64, // SUBS, B.LO, CMP, B.LS
			text: `f9400b90 | d2841010 | eb3063f1 | 540000a3 | eb10023f | 54000069 | f81e0ffe | d65f03c0
				aa1e03e3 | 94000000 | 17fffff6`,
			want: siteAt(20, SiteStackCheck),
		}, {
			name: "no stack check", arch: ARM64, text: "aa0103e0 | d65f03c0", want: siteAt(0, SiteStepped),
		}, {
			name: "branch", arch: ARM64, text: "b4000040 | d65f03c0 | d65f03c0", want: siteAt(0, SiteBranch),
		}, {
			name: "loop to the entry", arch: ARM64, text: "d1000400 | b5ffffe0 | d65f03c0", err: "it jumps to 0x1000",
		},
	} {
		t.Run(c.arch.String()+" "+c.name, func(t *testing.T) {
			site, err := code(t, c.arch, c.text).Entry()
			if c.err != "" {
				assert.ErrorContains(t, err, c.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.want, site)
		})
	}
}

func TestEntryOfNothing(t *testing.T) {
	c, err := decode(ARM64, Function{Name: "f"}, []byte{1, 2}, 0)
	require.NoError(t, err)
	_, err = c.Entry()
	assert.ErrorContains(t, err, "no instructions")
}

// A prologue without its morestack must not pass for one with it.
func TestEntryOfCutFunction(t *testing.T) {
	const text = "493b6610 7608 55 4889e5 90 5d c3 90 e800000000 ebeb"
	whole, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	require.NoError(t, err)
	for size := range len(whole) + 1 {
		c, err := decode(AMD64, Function{Name: "f", Entry: codeEntry}, whole[:size], 0)
		if err != nil {
			continue // cut within an instruction
		}
		site, err := c.Entry()
		assert.Equal(t, size == len(whole), err == nil && site.Kind == SiteFrame, "%d bytes", size)
	}
}
