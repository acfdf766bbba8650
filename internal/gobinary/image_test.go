// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestImage(t *testing.T) {
	file := synthetic{functions: []testFunction{{name: "main.main", text: []byte{1, 2, 3, 4, 5, 6, 7, 8}}}}.bytes()
	m, err := newImage(bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, AMD64, m.arch)
	assert.False(t, m.pie)

	buf := make([]byte, 3)
	require.NoError(t, m.read(testBase+testText+2, buf))
	assert.Equal(t, []byte{3, 4, 5}, buf)
	value, err := m.pointer(testBase + testText)
	require.NoError(t, err)
	assert.Equal(t, uint64(0x0807060504030201), value)

	addr, size, ok := m.section(".text")
	assert.True(t, ok)
	assert.Equal(t, []uint64{testBase + testText, testRodata - testText}, []uint64{addr, size})
	_, _, ok = m.section(".shstrtab")
	assert.False(t, ok, "not mapped")

	offset, ok := m.fileOffset(testBase + testData + 5)
	assert.True(t, ok)
	assert.Equal(t, uint64(testData+5), offset)
	for _, addr := range []uint64{0, testBase + testText - 1, testBase + testEnd, 1<<64 - 1} {
		_, ok := m.fileOffset(addr)
		assert.False(t, ok, "%#x", addr)
		assert.ErrorContains(t, m.read(addr, buf), "not in the file", "%#x", addr)
	}
	assert.Error(t, m.read(testBase+testEnd-2, buf), "only two bytes are left")
	assert.NoError(t, m.read(testBase+testEnd-3, buf))
}

func TestImageOfCorruptFile(t *testing.T) {
	put16 := func(at int, value uint16) func([]byte) []byte {
		return func(file []byte) []byte { binary.LittleEndian.PutUint16(file[at:], value); return file }
	}
	put64 := func(at int, value uint64) func([]byte) []byte {
		return func(file []byte) []byte { binary.LittleEndian.PutUint64(file[at:], value); return file }
	}
	cut := func(size int) func([]byte) []byte {
		return func(file []byte) []byte { return file[:size] }
	}
	set := func(at int, value byte) func([]byte) []byte {
		return func(file []byte) []byte { file[at] = value; return file }
	}
	const segment, sectionHeader = 64, 0x400 + 64
	for name, c := range map[string]struct {
		corrupt func([]byte) []byte
		want    string
		foreign bool // it is a sound file of another kind
	}{
		"empty":                    {cut(0), "", true},
		"cut in the header":        {cut(63), "", true},
		"no ELF":                   {set(0, '#'), "", true},
		"32 bit":                   {set(elf.EI_CLASS, 1), "", true},
		"big endian":               {set(elf.EI_DATA, 2), "", true},
		"machine":                  {put16(18, uint16(elf.EM_RISCV)), "EM_RISCV", true},
		"object file":              {put16(16, uint16(elf.ET_REL)), "ET_REL", true},
		"cut in the segments":      {cut(100), "reading the program headers", false},
		"many segments":            {put16(56, 257), "257 program headers", false},
		"size of segments":         {put16(54, 32), "program header of 32 bytes", false},
		"segment larger in file":   {put64(segment+32, 1<<20), "segment of", false},
		"segment wraps":            {put64(segment+16, 1<<64-1), "segment of", false},
		"offset wraps":             {put64(segment+8, 1<<63-1), "segment of", false},
		"cut in the sections":      {cut(0x410), "reading the section headers", false},
		"many sections":            {put16(60, 513), "513 section headers", false},
		"extended section numbers": {put16(60, 0), "65279", false},
		"size of sections":         {put16(58, 32), "section header of 32 bytes", false},
		"no section of names":      {put16(62, 5), "section 5", false},
		"many names":               {put64(sectionHeader+32, 1<<20), "section names of", false},
		"names behind the end":     {put64(sectionHeader+24, 1<<62), "reading the section names", false},
		"name behind the names":    {put16(sectionHeader, 0x100), "name at 0x100", false},
		"section wraps":            {put64(sectionHeader+64+32, 1<<64-1), "are out of range", false},
	} {
		t.Run(name, func(t *testing.T) {
			file := c.corrupt(synthetic{functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}.bytes())
			_, err := newImage(bytes.NewReader(file))
			require.Error(t, err)
			assert.ErrorContains(t, err, c.want)
			assert.Equal(t, c.foreign, isForeign(err))
			assert.False(t, IsGo(bytes.NewReader(file)))
			_, err = Open(bytes.NewReader(file))
			assert.Error(t, err)
		})
	}
}

func TestRelocations(t *testing.T) {
	e := synthetic{pie: true, functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}
	file := e.bytes()
	m, err := newImage(bytes.NewReader(file))
	require.NoError(t, err)
	assert.True(t, m.pie)

	value, err := m.pointer(moduleDataAt)
	require.NoError(t, err)
	assert.Equal(t, uint64(testBase+testRodata), value, "relocated")
	value, err = m.pointer(moduleDataAt + 8*(moduleFtab+1))
	require.NoError(t, err)
	assert.Equal(t, uint64(2), value, "not relocated")

	size := testData + 0x800 + 16 + 8
	for name, c := range map[string]struct {
		size uint64
		want string
	}{
		"too many":         {1 << 40, "relocations, at most"},
		"behind the image": {24 * 1000, "not in the file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := e.bytes()
			binary.LittleEndian.PutUint64(file[size:], c.size)
			m, err := newImage(bytes.NewReader(file))
			require.NoError(t, err)
			_, err = m.pointer(moduleDataAt)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestRelocationsAreSorted(t *testing.T) {
	file := synthetic{pie: true, functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}.bytes()
	table := file[testData+0x1000:]
	first, second := bytes.Clone(table[:24]), bytes.Clone(table[24:48])
	copy(table, second)
	copy(table[24:], first)
	m, err := newImage(bytes.NewReader(file))
	require.NoError(t, err)
	value, err := m.pointer(moduleDataAt)
	require.NoError(t, err)
	assert.Equal(t, uint64(testBase+testRodata), value)
}

func TestPageCache(t *testing.T) {
	file := make([]byte, pageSize*(pageCount+2)+100)
	for i := range file {
		file[i] = byte(i / 7)
	}
	c := &pageCache{r: bytes.NewReader(file)}
	for _, offset := range []int{0, 1, pageSize - 3, pageSize * pageCount, 5, pageSize*(pageCount+1) - 1, len(file) - 10} {
		buf := make([]byte, 10)
		require.NoError(t, c.readAt(uint64(offset), buf), "%d", offset)
		assert.Equal(t, file[offset:offset+10], buf, "%d", offset)
	}
	large := make([]byte, pageSize*2)
	require.NoError(t, c.readAt(3, large))
	assert.Equal(t, file[3:3+len(large)], large)

	for _, offset := range []uint64{uint64(len(file)) - 9, uint64(len(file)) + pageSize, 1<<63 - 1, 1<<64 - 1} {
		assert.ErrorIs(t, c.readAt(offset, make([]byte, 10)), io.EOF, "%#x", offset)
		assert.ErrorIs(t, c.readAt(offset, large), io.EOF, "%#x", offset)
	}
}
