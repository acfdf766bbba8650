// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	// MOVL $16, CX; LEAQ 0x100(PC), DX; LOCK XADDQ CX, (DX)
	amd64AddsBatch = []byte("\xb9\x10\x00\x00\x00\x48\x8d\x15\x00\x01\x00\x00\xf0\x48\x0f\xc1\x0a")
	// ORR $16, ZR, R2; ADRP -4096(PC), R3; ADD $0x460, R3, R3; LDAXR (R3), R4
	arm64AddsBatch = []byte("\xe2\x03\x7c\xb2\xe3\xff\xff\xf0\x63\x80\x11\x91\x64\xfc\x5f\xc8")
)

func TestAddsBatch(t *testing.T) {
	amd64 := func(at int, with string) []byte {
		return append(append(bytes.Clone(amd64AddsBatch[:at]), with...), amd64AddsBatch[at+len(with):]...)
	}
	for _, test := range []struct {
		name string
		arch Arch
		text []byte
		want uint64 // 0: an error
	}{
		{"amd64", AMD64, amd64AddsBatch, codeEntry + 12 + 0x100},
		{"amd64, of another number", AMD64, amd64(1, "\x08"), 0},
		{"amd64, of another register", AMD64, amd64(0, "\xba"), 0},
		{"amd64, to another place", AMD64, amd64(16, "\x0b"), 0},
		{"amd64, not at once", AMD64, amd64(12, "\x90"), 0},
		{"amd64, cut", AMD64, amd64AddsBatch[12:], 0},
		{"amd64, twice to different variables", AMD64, bytes.Repeat(amd64AddsBatch, 2), 0},
		{"arm64", ARM64, arm64AddsBatch, codeEntry - 4096 + 0x460},
		{"arm64 of Armv8.1", ARM64, append(bytes.Clone(arm64AddsBatch[:12]), "\x64\x00\xe2\xf8"...), codeEntry - 4096 + 0x460},
		{"arm64, twice to the same variable", ARM64, bytes.Repeat(arm64AddsBatch, 2), codeEntry - 4096 + 0x460},
		{"arm64, cut", ARM64, arm64AddsBatch[4:], 0},
		{"nothing", AMD64, []byte("\xc3"), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			fn := Function{Name: "f", Entry: codeEntry, End: codeEntry + uint64(len(test.text))}
			c, err := decode(test.arch, fn, test.text, codeOffset)
			require.NoError(t, err)
			address, err := c.addsBatch(test.arch, test.text)
			assert.Equal(t, test.want == 0, err != nil, "%v", err)
			assert.Equal(t, test.want, address)
		})
	}
}
