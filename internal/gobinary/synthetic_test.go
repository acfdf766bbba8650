// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// synthetic describes a Go executable of a few kilobytes, as Go's linker would
// make it as far as this package looks.
type synthetic struct {
	machine   elf.Machine // 0 is EM_X86_64
	pie       bool
	goVersion string // "" is go1.26.0
	magic     uint32 // of the pclntab, 0 is that of Go 1.20
	section   string // of the pclntab, "" is .gopclntab
	functions []testFunction
}

// testFunction is one function of an executable.
type testFunction struct {
	name    string
	text    []byte
	inlined []string // one after the other, an instruction each
}

const testBase = 0x400000

// Places of the parts of an executable in the file. In memory they are at the
// same places behind testBase.
const (
	testText   = 0x1000
	testRodata = 0x2000
	testData   = 0x6000
	testEnd    = 0x8000
)

// moduleDataAt is where moduledata is in memory.
const moduleDataAt = testBase + testData + 0x400

// bytes links the executable.
func (e synthetic) bytes() []byte {
	file := make([]byte, testEnd)
	text, rodata, data := file[testText:testRodata], file[testRodata:testData], file[testData:testEnd]

	textEnd := e.putFunctions(text, rodata)
	goVersion := e.goVersion
	if goVersion == "" {
		goVersion = "go1.26.0"
	}
	copy(data, buildInfoMagic)
	data[14], data[15] = 8, 2 // pointer size; strings follow
	data[32] = byte(len(goVersion))
	copy(data[33:], goVersion)

	e.putModuleData(data, textEnd)
	e.putHeaders(file)
	return file
}

// The parts of the read-only data, relative to it.
const (
	testNames     = 0x100
	testPctab     = 0x1000
	testFtab      = 0x2000
	testGofunc    = 0x3000
	testTypes     = 0x3800
	testRodataEnd = 0x4000
)

// putFunctions writes text, pclntab and inline trees, and returns where the
// text ends.
func (e synthetic) putFunctions(text, rodata []byte) uint64 {
	le := binary.LittleEndian
	magic := e.magic
	if magic == 0 {
		magic = pclntabMagic120
	}
	le.PutUint32(rodata, magic)
	rodata[6], rodata[7] = 1, 8
	if e.machine == elf.EM_AARCH64 {
		rodata[6] = 4
	}
	le.PutUint64(rodata[8:], uint64(len(e.functions)))
	le.PutUint64(rodata[32:], testNames)
	le.PutUint64(rodata[40:], testPctab) // cutab: the names end there
	le.PutUint64(rodata[48:], testPctab)
	le.PutUint64(rodata[56:], testPctab)
	le.PutUint64(rodata[64:], testFtab)

	nextName, nextTable, nextTree := testNames+1, testPctab+1, testGofunc
	putName := func(name string) uint32 {
		offset := nextName - testNames
		nextName += copy(rodata[nextName:], name) + 1
		return uint32(offset)
	}
	headSize, nodeSize, nameAt := 44, 16, 4
	if magic == pclntabMagic118 {
		headSize, nodeSize, nameAt = 40, 20, 12
	}
	ftab := rodata[testFtab:testGofunc]
	record := 8*len(e.functions) + 8
	at := 0
	for i, fn := range e.functions {
		le.PutUint32(ftab[8*i:], uint32(at))
		le.PutUint32(ftab[8*i+4:], uint32(record))
		le.PutUint32(ftab[record:], uint32(at))
		le.PutUint32(ftab[record+4:], putName(fn.name))
		le.PutUint32(ftab[record+28:], 3) // npcdata
		ftab[record+headSize-1] = 4       // nfuncdata
		tables := ftab[record+headSize:]
		le.PutUint32(tables[4*6:], noFuncdata)
		if len(fn.inlined) > 0 {
			le.PutUint32(tables[4*pcdataInlTreeIndex:], uint32(nextTable-testPctab))
			le.PutUint32(tables[4*6:], uint32(nextTree-testGofunc))
		}
		for range fn.inlined {
			// The value grows by one, one instruction further on.
			rodata[nextTable], rodata[nextTable+1] = 2, 1
			nextTable += 2
		}
		nextTable++
		for _, name := range fn.inlined {
			le.PutUint32(rodata[nextTree+nameAt:], putName(name))
			nextTree += nodeSize
		}
		record += headSize + 4*7
		at += copy(text[at:], fn.text)
	}
	le.PutUint32(ftab[8*len(e.functions):], uint32(at))
	return testBase + testText + uint64(at)
}

func (e synthetic) putModuleData(data []byte, textEnd uint64) {
	const rodata = testBase + testRodata
	words := map[int]uint64{
		modulePcHeader: rodata, moduleFuncnames: rodata + testNames, modulePctab: rodata + testPctab,
		moduleFtab: rodata + testFtab, moduleFtab + 1: uint64(len(e.functions)) + 1,
		moduleMinPC: testBase + testText, moduleMaxPC: textEnd,
		moduleText: testBase + testText, moduleEtext: textEnd,
	}
	minor, _ := goMinor(e.goVersion)
	if e.goVersion == "" {
		minor = 26
	}
	if layout, err := moduleLayoutOf(minor); err == nil {
		words[layout.types], words[layout.etypes] = rodata+testTypes, rodata+testRodataEnd
		words[layout.gofunc] = rodata + testGofunc
	}
	relocations := data[0x1000:0x1000]
	for n := range 64 {
		word, ok := words[n]
		place := data[moduleDataAt-testBase-testData+8*n:]
		if e.pie && ok && word >= testBase {
			kind := uint64(elf.R_X86_64_RELATIVE)
			if e.machine == elf.EM_AARCH64 {
				kind = uint64(elf.R_AARCH64_RELATIVE)
			}
			relocations = binary.LittleEndian.AppendUint64(relocations, uint64(moduleDataAt+8*n))
			relocations = binary.LittleEndian.AppendUint64(relocations, kind)
			relocations = binary.LittleEndian.AppendUint64(relocations, word)
			continue
		}
		binary.LittleEndian.PutUint64(place, word)
	}
	dynamic := data[0x800:0x800]
	for _, entry := range [][2]uint64{
		{uint64(elf.DT_RELA), testBase + testData + 0x1000},
		{uint64(elf.DT_RELASZ), uint64(len(relocations))},
		{uint64(elf.DT_NULL), 0},
	} {
		dynamic = binary.LittleEndian.AppendUint64(dynamic, entry[0])
		dynamic = binary.LittleEndian.AppendUint64(dynamic, entry[1])
	}
}

func (e synthetic) putHeaders(file []byte) {
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(e.machine),
		Version: uint32(elf.EV_CURRENT),
		Phoff:   64, Phentsize: 56,
		Shoff: 0x400, Shentsize: 64, Shstrndx: 1,
	}
	if e.machine == 0 {
		header.Machine = uint16(elf.EM_X86_64)
	}
	segment := func(kind elf.ProgType, flags elf.ProgFlag, start, end uint64) elf.Prog64 {
		return elf.Prog64{Type: uint32(kind), Flags: uint32(flags), Off: start, Vaddr: testBase + start,
			Filesz: end - start, Memsz: end - start}
	}
	segments := []elf.Prog64{
		segment(elf.PT_LOAD, elf.PF_R|elf.PF_X, testText, testRodata),
		segment(elf.PT_LOAD, elf.PF_R, testRodata, testData),
		segment(elf.PT_LOAD, elf.PF_R|elf.PF_W, testData, testEnd),
	}
	if e.pie {
		header.Type = uint16(elf.ET_DYN)
		segments = append(segments, segment(elf.PT_DYNAMIC, elf.PF_R, testData+0x800, testData+0x800+48))
	}
	header.Phnum = uint16(len(segments))

	names := []byte{0}
	sections := []elf.Section64{{}}
	add := func(name string, kind elf.SectionType, start, end uint64) {
		s := elf.Section64{Name: uint32(len(names)), Type: uint32(kind), Off: start, Size: end - start}
		if kind == elf.SHT_PROGBITS {
			s.Flags, s.Addr = uint64(elf.SHF_ALLOC), testBase+start
		}
		sections = append(sections, s)
		names = append(append(names, name...), 0)
	}
	pclntab := e.section
	if pclntab == "" {
		pclntab = ".gopclntab"
	}
	add(".shstrtab", elf.SHT_STRTAB, 0x300, 0x400)
	add(".text", elf.SHT_PROGBITS, testText, testRodata)
	add(pclntab, elf.SHT_PROGBITS, testRodata, testRodata+testGofunc)
	add(".go.buildinfo", elf.SHT_PROGBITS, testData, testData+0x100)
	header.Shnum = uint16(len(sections))

	for _, part := range []struct {
		at    int
		value any
	}{{0, header}, {64, segments}, {0x300, names}, {0x400, sections}} {
		if _, err := binary.Encode(file[part.at:], binary.LittleEndian, part.value); err != nil {
			panic(err)
		}
	}
}

// open opens the executable.
func (e synthetic) open(t *testing.T) *File {
	t.Helper()
	f, err := Open(bytes.NewReader(e.bytes()))
	require.NoError(t, err)
	return f
}
