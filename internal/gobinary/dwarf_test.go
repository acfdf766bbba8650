// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSplitLinkName(t *testing.T) {
	for linkName, want := range map[string][2]string{
		"net/http.Request":                 {"net/http", "Request"},
		"runtime.g":                        {"runtime", "g"},
		"gopkg.in/yaml%2ev3.Node":          {"gopkg.in/yaml.v3", "Node"},
		"example.com/a%2eb/c.D":            {"example.com/a.b/c", "D"},
		"example.com/100%.T":               {"example.com/100%", "T"},
		"uint8":                            {"uint8", ""},
		"":                                 {"", ""},
		"main.Pair[int,example.com/x.Y]":   {"main.Pair[int,example.com/x", "Y]"},
		"struct { Method string; F main }": {"struct { Method string; F main }", ""},
	} {
		pkg, name := splitLinkName(linkName)
		assert.Equal(t, want, [2]string{pkg, name}, linkName)
	}
}

// testAbbrevs has the abbreviations of testUnit: 1 a unit, 2 a struct, 3 a
// member, 4 something else that has every form.
func testAbbrevs() []byte {
	const children, childless = 1, 0
	abbrevs := []byte{
		1, dwarfTagUnit, children, dwarfAttrName, dwarfFormString, 0, 0,
		2, dwarfTagStruct, children, dwarfAttrName, dwarfFormString, 0x0b, dwarfFormUdata, 0, 0,
		3, dwarfTagMember, childless, dwarfAttrName, dwarfFormString, dwarfAttrLocation, dwarfFormUdata, 0x49, dwarfFormRefAddr, 0, 0,
		4, 0x2e, childless,
	}
	for _, form := range skippedForms {
		abbrevs = append(abbrevs, 0x31)
		abbrevs = binary.AppendUvarint(abbrevs, form.form)
		if form.form == dwarfFormImplicit {
			abbrevs = append(abbrevs, 0x7f)
		}
	}
	return append(abbrevs, 0, 0, 0)
}

// skippedForms has a value of every form.
var skippedForms = []struct {
	form  uint64
	value string
}{
	{dwarfFormAddr, "12345678"},
	{dwarfFormBlock2, "\x02\x00ab"},
	{dwarfFormBlock4, "\x03\x00\x00\x00abc"},
	{dwarfFormData2, "12"},
	{dwarfFormData4, "1234"},
	{dwarfFormData8, "12345678"},
	{dwarfFormString, "string\x00"},
	{dwarfFormString, strings.Repeat("x", 200_000) + "\x00"},
	{dwarfFormBlock, "\x81\x01" + strings.Repeat("x", 129)},
	{dwarfFormBlock1, "\x01a"},
	{dwarfFormData1, "1"},
	{dwarfFormFlag, "1"},
	{dwarfFormSdata, "\xff\x7f"},
	{dwarfFormStrp, "1234"},
	{dwarfFormUdata, "\xff\x7f"},
	{dwarfFormRefAddr, "1234"},
	{dwarfFormRef1, "1"},
	{dwarfFormRef2, "12"},
	{dwarfFormRef4, "1234"},
	{dwarfFormRef8, "12345678"},
	{dwarfFormRefUdata, "\x01"},
	{dwarfFormSecOffset, "1234"},
	{dwarfFormExprloc, "\x02ab"},
	{dwarfFormPresent, ""},
	{dwarfFormStrx, "\x01"},
	{dwarfFormAddrx, "\x01"},
	{dwarfFormRefSup4, "1234"},
	{dwarfFormStrpSup, "1234"},
	{dwarfFormData16, "1234567812345678"},
	{dwarfFormLineStrp, "1234"},
	{dwarfFormRefSig8, "12345678"},
	{dwarfFormImplicit, ""},
	{dwarfFormLoclistx, "\x01"},
	{dwarfFormRnglistx, "\x01"},
	{dwarfFormRefSup8, "12345678"},
	{dwarfFormStrx1, "1"},
	{dwarfFormStrx2, "12"},
	{dwarfFormStrx3, "123"},
	{dwarfFormStrx4, "1234"},
	{dwarfFormAddrx1, "1"},
	{dwarfFormAddrx2, "12"},
	{dwarfFormAddrx3, "123"},
	{dwarfFormAddrx4, "1234"},
	{dwarfFormGNURefAlt, "1234"},
	{dwarfFormGNUStrpAlt, "1234"},
}

// testUnit returns the unit of a package that has net/url.URL.
func testUnit(version uint16, pkg string) []byte {
	entries := "\x01" + pkg + "\x00" + "\x04"
	for _, form := range skippedForms {
		entries += form.value
	}
	entries += "\x02net/url.URL\x00\x78" +
		"\x03Host\x00\x281234" + "\x03Path\x00\x381234" + "\x00" +
		"\x02main.T\x00\x08" + "\x03Host\x00\x081234" + "\x00" + "\x00"
	body := binary.LittleEndian.AppendUint16(nil, version)
	if version < 5 {
		body = append(body, 0, 0, 0, 0, 8)
	} else {
		body = append(body, dwarfUnitCompile, 8, 0, 0, 0, 0)
	}
	body = append(body, entries...)
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// dwarfImage returns an image with debug information alone.
func dwarfImage(abbrevs, info []byte) *image {
	data := append(bytes.Clone(abbrevs), info...)
	return &image{
		file: &pageCache{r: bytes.NewReader(data)},
		sections: []section{
			{".debug_abbrev", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Size: uint64(len(abbrevs))}},
			{".debug_info", elf.Section64{Type: uint32(elf.SHT_PROGBITS), Off: uint64(len(abbrevs)), Size: uint64(len(info))}},
		},
	}
}

func TestFindDWARFStructs(t *testing.T) {
	other := testUnit(4, "net")
	typeUnit := testUnit(5, "runtime")
	typeUnit[6] = 2 // DW_UT_type
	wide := append([]byte{0xff, 0xff, 0xff, 0xff, 10, 0, 0, 0, 0, 0, 0, 0}, "\x04\x00........"...)
	future := testUnit(6, "runtime")
	for name, units := range map[string][][]byte{
		"DWARF 4":       {testUnit(4, "runtime")},
		"DWARF 5":       {testUnit(5, "runtime")},
		"among others":  {other, testUnit(4, "runtime"), other},
		"type unit":     {typeUnit, testUnit(5, "runtime")},
		"64-bit DWARF":  {wide, testUnit(5, "runtime")},
		"DWARF 6":       {future, testUnit(5, "runtime")},
		"second of two": {testUnit(5, "runtime"), testUnit(5, "runtime")},
	} {
		t.Run(name, func(t *testing.T) {
			search := newStructSearch(fieldsOf("net/url", "URL", "Host Path RawPath"))
			require.NoError(t, dwarfImage(testAbbrevs(), bytes.Join(units, nil)).findDWARFStructs(search))
			offsets, ok := search["URL"][0].result()
			assert.True(t, ok)
			assert.Equal(t, structOffsets{"Host": 40, "Path": 56}, offsets)
		})
	}
	for name, units := range map[string][]byte{
		"another package": other, "a type unit": typeUnit, "64-bit DWARF": wide, "DWARF 6": future, "nothing": nil,
	} {
		t.Run("not in "+name, func(t *testing.T) {
			search := newStructSearch(fieldsOf("net/url", "URL", "Host"))
			require.NoError(t, dwarfImage(testAbbrevs(), units).findDWARFStructs(search))
			assert.False(t, search.complete())
		})
	}
}

func TestFindDWARFStructsOfCorruptFile(t *testing.T) {
	unit := testUnit(5, "runtime")
	changed := func(at int, value byte) []byte {
		c := bytes.Clone(unit)
		c[at] = value
		return c
	}
	for _, test := range []struct {
		name          string
		abbrevs, info []byte
		err           string
	}{
		{"unit that ends too early", testAbbrevs(), unit[:len(unit)-40], io.ErrUnexpectedEOF.Error()},
		{"unit of another package that ends too early", testAbbrevs(), testUnit(5, "net")[:1000], io.ErrUnexpectedEOF.Error()},
		{"header that ends too early", testAbbrevs(), unit[:7], io.ErrUnexpectedEOF.Error()},
		{"length that ends too early", testAbbrevs(), unit[:3], "unexpected EOF"},
		{"unit shorter than its header", testAbbrevs(), append([]byte{1, 0, 0, 0}, unit[4:]...), "shorter than its header"},
		{"unit that ends in an entry", testAbbrevs(), append([]byte{30, 0, 0, 0}, unit[4:]...), "does not end with an entry"},
		{"unit without bound", testAbbrevs(), changed(3, 0xf0), "bytes"},
		{"no such abbreviation", testAbbrevs(), changed(12, 9), "no abbreviation 9"},
		{"abbreviations out of range", testAbbrevs(), changed(11, 1), "are not there"},
		{"no abbreviations", nil, unit, "are not there"},
		{"abbreviations without end", testAbbrevs()[:20], unit, "abbreviations at 0x0"},
		{"unknown form", bytes.Replace(testAbbrevs(), []byte{0x31, dwarfFormAddr}, []byte{0x31, 0x7e}, 1), unit, "unknown form 0x7e"},
		{"number without end", testAbbrevs(), append(unit[:12:12], bytes.Repeat([]byte{0xff}, len(unit))...), "does not end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			search := newStructSearch(fieldsOf("net/url", "URL", "Host"))
			err := dwarfImage(test.abbrevs, test.info).findDWARFStructs(search)
			assert.ErrorContains(t, err, test.err)
		})
	}
}

func TestDebugSection(t *testing.T) {
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	_, err := w.Write([]byte("contents"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	header := func(compression elf.CompressionType) []byte {
		var b bytes.Buffer
		require.NoError(t, binary.Write(&b, binary.LittleEndian, elf.Chdr64{Type: uint32(compression), Size: 8, Addralign: 1}))
		return b.Bytes()
	}
	for _, test := range []struct {
		name, section string
		flags         elf.SectionFlag
		typ           elf.SectionType
		data          []byte
		err           error
	}{
		{"as it is", ".debug_info", 0, elf.SHT_PROGBITS, []byte("contents"), nil},
		{"compressed", ".debug_info", elf.SHF_COMPRESSED, elf.SHT_PROGBITS, append(header(elf.COMPRESS_ZLIB), deflated.Bytes()...), nil},
		{"compressed as up to Go 1.18", ".zdebug_info", 0, elf.SHT_PROGBITS, append([]byte("ZLIB\x00\x00\x00\x00\x00\x00\x00\x08"), deflated.Bytes()...), nil},
		{"another compression", ".debug_info", elf.SHF_COMPRESSED, elf.SHT_PROGBITS, append(header(elf.COMPRESS_ZSTD), deflated.Bytes()...), errNoDWARF},
		{"another old compression", ".zdebug_info", 0, elf.SHT_PROGBITS, append([]byte("ZSTD\x00\x00\x00\x00\x00\x00\x00\x08"), deflated.Bytes()...), errNoDWARF},
		{"another section", ".debug_line", 0, elf.SHT_PROGBITS, []byte("contents"), errNoDWARF},
		{"of a stripped file", ".debug_info", 0, elf.SHT_NOBITS, []byte("contents"), errNoDWARF},
		{"shorter than its header", ".debug_info", elf.SHF_COMPRESSED, elf.SHT_PROGBITS, header(elf.COMPRESS_ZLIB)[:10], io.ErrUnexpectedEOF},
		{"shorter than its old header", ".zdebug_info", 0, elf.SHT_PROGBITS, []byte("ZLIB"), io.ErrUnexpectedEOF},
		{"not what it says", ".debug_info", elf.SHF_COMPRESSED, elf.SHT_PROGBITS, append(header(elf.COMPRESS_ZLIB), "contents"...), zlib.ErrHeader},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := &image{
				file: &pageCache{r: bytes.NewReader(test.data)},
				sections: []section{{test.section, elf.Section64{
					Type: uint32(test.typ), Flags: uint64(test.flags), Size: uint64(len(test.data)),
				}}},
			}
			r, err := m.debugSection("info")
			require.ErrorIs(t, err, test.err)
			if test.err == nil {
				data, err := io.ReadAll(r)
				require.NoError(t, err)
				assert.Equal(t, "contents", string(data))
			}
		})
	}
}

func FuzzDWARF(f *testing.F) {
	unit := func(version uint16, pkg string) []byte {
		return bytes.Replace(testUnit(version, pkg), []byte(strings.Repeat("x", 200_000)), nil, 1)
	}
	f.Add(testAbbrevs(), unit(4, "runtime"))
	f.Add(testAbbrevs(), unit(5, "runtime"))
	f.Add(testAbbrevs(), append(unit(5, "net"), unit(5, "runtime")...))
	f.Fuzz(func(_ *testing.T, abbrevs, info []byte) {
		_ = dwarfImage(abbrevs, info).findDWARFStructs(newStructSearch(fieldsOf("net/url", "URL", "Host")))
	})
}
