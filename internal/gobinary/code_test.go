// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/elf"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Where the functions of these tests are, in memory and in the file.
const (
	codeEntry  = 0x1000
	codeOffset = 0x200
)

// code decodes a function that is written in hexadecimal. Spaces and bars only
// separate instructions.
func code(t *testing.T, arch Arch, text string) *Code {
	t.Helper()
	bytes, err := hex.DecodeString(strings.NewReplacer(" ", "", "|", "", "\n", "", "\t", "").Replace(text))
	require.NoError(t, err)
	if arch == ARM64 { // words are written with the highest byte first
		for i := 0; i+4 <= len(bytes); i += 4 {
			bytes[i], bytes[i+1], bytes[i+2], bytes[i+3] = bytes[i+3], bytes[i+2], bytes[i+1], bytes[i]
		}
	}
	c, err := decode(arch, Function{"f", codeEntry, codeEntry + uint64(len(bytes))}, bytes, codeOffset)
	require.NoError(t, err)
	return c
}

// siteAt is the site that many bytes behind the entry.
func siteAt(offset uint64, kind SiteKind) Site {
	return Site{Address: codeEntry + offset, Offset: codeOffset + offset, Kind: kind}
}

func TestSites(t *testing.T) {
	c := code(t, AMD64, `
		e8 fb 0f 00 00 | ff d0 | ff 50 18 | e8 f1 0f 00 00 | c3 | ff 64 24 08 | c2 08 00`)
	assert.Equal(t, []Site{siteAt(0, SiteCall), siteAt(10, SiteCall)}, c.Calls(Function{Entry: 0x2000}))
	assert.Empty(t, c.Calls(Function{Entry: 0x2001}))
	assert.Equal(t, []Site{siteAt(5, SiteIndirectCall), siteAt(7, SiteIndirectCall)}, c.IndirectCalls())
	assert.Equal(t, []Site{siteAt(15, SiteReturn), siteAt(20, SiteReturn)}, c.Returns())

	c = code(t, ARM64, "94000400 | d63f0120 | d65f03c0 | d61f0120")
	assert.Equal(t, []Site{siteAt(0, SiteCall)}, c.Calls(Function{Entry: 0x2000}))
	assert.Equal(t, []Site{siteAt(4, SiteIndirectCall)}, c.IndirectCalls())
	assert.Equal(t, []Site{siteAt(8, SiteReturn)}, c.Returns())
}

// A constant that looks like a return must not get a probe.
func TestLiterals(t *testing.T) {
	for name, text := range map[string]string{
		"LDR X":        "58000040 | d65f03c0 | d65f03c0 d65f03c0",
		"LDR W":        "18000040 | d65f03c0 | d65f03c0",
		"LDR Q":        "9c000040 | d65f03c0 | d65f03c0 d65f03c0 d65f03c0 d65f03c0",
		"LDR X behind": "d65f03c0 | 58000040 | 00000000 | d65f03c0 d65f03c0",
	} {
		returns := code(t, ARM64, text).Returns()
		assert.Len(t, returns, 1, name)
	}
	assert.Len(t, code(t, ARM64, "d8000040 | d65f03c0 | d65f03c0").Returns(), 2, "a prefetch loads nothing")
	assert.Len(t, code(t, ARM64, "58ffffe0 | d65f03c0").Returns(), 1, "before the function")
}

func TestDecodeCorrupt(t *testing.T) {
	for name, text := range map[string]string{
		"cut":           "90 e8 00",
		"no such":       "90 06",
		"cut vector":    "c5 f9 6f 04 25",
		"cut vector op": "c5 f9",
	} {
		bytes, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(t, err)
		_, err = decode(AMD64, Function{Name: "f"}, bytes, 0)
		assert.ErrorContains(t, err, "function f: decoding the instruction at", name)
	}
	returns := make([]byte, maxSites+1)
	for i := range returns {
		returns[i] = 0xc3
	}
	_, err := decode(AMD64, Function{Name: "f"}, returns, 0)
	assert.ErrorContains(t, err, "16385 returns")
}

func TestCodeOutsideOfText(t *testing.T) {
	const text = testBase + testText
	f := synthetic{functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}.open(t)
	for _, fn := range []Function{
		{"empty", text, text},
		{"turned", text + 8, text},
		{"large", text, text + maxFunctionSize + 1},
		{"data", testBase + testData, testBase + testData + 8},
		{"end", testBase + testRodata - 8, testBase + testRodata + 1},
		{"wrap", text, 1<<64 - 1},
	} {
		_, err := f.Code(fn)
		assert.ErrorContains(t, err, "function "+fn.Name)
	}
	c, err := f.Code(Function{"all", text + 2, testBase + testRodata})
	require.NoError(t, err)
	assert.Equal(t, uint64(testText+2), c.site(&c.instructions[0], SiteStepped).Offset)
}

func TestCodeOfARM64(t *testing.T) {
	f := synthetic{machine: elf.EM_AARCH64, functions: []testFunction{
		{name: "main.main", text: []byte{0xc0, 0x03, 0x5f, 0xd6}},
	}}.open(t)
	functions, err := f.Functions("main.main")
	require.NoError(t, err)
	c, err := f.Code(functions["main.main"][0])
	require.NoError(t, err)
	assert.Equal(t, []Site{{testBase + testText, testText, SiteReturn}}, c.Returns())
}

func TestVectorLength(t *testing.T) {
	for text, want := range map[string]int{
		"c5f877 90":                3, // VZEROUPPER
		"c4e2e9f7c0 90":            5, // SHLX
		"c4e37916c001 90":          6, // VPEXTRD, with an immediate
		"c5f970c11b 90":            5, // VPSHUFD, with an immediate
		"c5f96f4c2410 90":          6, // VMOVDQA 16(SP), X1
		"c5f96f0d00000000 90":      8, // VMOVDQA 0(IP), X1
		"c5f96f0c2500000000 90":    9, // VMOVDQA 0, X1: no base
		"c5f96f8800010000 90":      8, // VMOVDQA 256(AX), X1
		"62f1fd486f442401 90":      8, // VMOVDQA64 64(SP), Z0
		"62f3fd48254424010f 90 90": 9, // VPTERNLOGQ, with an immediate
		"90909090":                 0,
		"c5f9":                     0,
		"c4e2e9f7":                 0,
		"c5f96f4c":                 0,
		"62f1fd48":                 0,
		"":                         0,
	} {
		bytes, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		require.NoError(t, err)
		assert.Equal(t, want, vectorLength(bytes), text)
	}
}
