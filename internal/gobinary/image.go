// SPDX-License-Identifier: Apache-2.0

// Package gobinary analyses one Go executable: which functions it has, where
// probes can sit in them, and how the structs that probes read are laid out.
//
// Nothing here needs a symbol table: what is used survives -ldflags="-s -w",
// because the runtime itself needs it. The files come from strangers and are
// parsed with high privileges, so that every size, count and depth is bounded,
// and a corrupt file is an error.
package gobinary

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// ErrNotExecutable says that a file is no ELF executable of an instruction set
// that is supported.
var ErrNotExecutable = errors.New("not a 64-bit little-endian ELF executable for amd64 or arm64")

// Executables that linkers make have a dozen segments, some dozens of
// sections, and a kilobyte of section names.
const (
	maxSegments         = 256
	maxSections         = 512
	maxSectionNamesSize = 64 << 10
)

// image is an ELF executable as the kernel maps it: bytes by link-time virtual
// address. It is not safe for concurrent use.
type image struct {
	file     *pageCache
	arch     Arch
	pie      bool
	segments []elf.Prog64
	sections []section

	relocations func() ([]relocation, error) // read once, sorted by place
}

// section is one section header, with its name resolved.
type section struct {
	name string
	elf.Section64
}

// newImage reads the headers of an executable, and nothing else.
func newImage(r io.ReaderAt) (*image, error) {
	m := &image{file: &pageCache{r: r}}
	m.relocations = sync.OnceValues(m.readRelocations)

	var header elf.Header64
	if err := m.decode(0, &header); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, ErrNotExecutable
		}
		return nil, fmt.Errorf("reading the ELF header: %w", err)
	}
	if string(header.Ident[:4]) != elf.ELFMAG ||
		elf.Class(header.Ident[elf.EI_CLASS]) != elf.ELFCLASS64 ||
		elf.Data(header.Ident[elf.EI_DATA]) != elf.ELFDATA2LSB {
		return nil, ErrNotExecutable
	}
	arch, err := archOf(elf.Machine(header.Machine))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotExecutable, err)
	}
	m.arch = arch

	switch elf.Type(header.Type) {
	case elf.ET_EXEC:
	case elf.ET_DYN:
		m.pie = true
	default:
		return nil, fmt.Errorf("%w: file type %v", ErrNotExecutable, elf.Type(header.Type))
	}
	if err := m.readSegments(&header); err != nil {
		return nil, err
	}
	if err := m.readSections(&header); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *image) readSegments(header *elf.Header64) error {
	if header.Phentsize != uint16(binary.Size(elf.Prog64{})) {
		return fmt.Errorf("program header of %d bytes", header.Phentsize)
	}
	if header.Phnum > maxSegments {
		return fmt.Errorf("%d program headers, at most %d are read", header.Phnum, maxSegments)
	}
	m.segments = make([]elf.Prog64, header.Phnum)
	if err := m.decode(header.Phoff, m.segments); err != nil {
		return fmt.Errorf("reading the program headers: %w", err)
	}
	for i, s := range m.segments {
		if elf.ProgType(s.Type) != elf.PT_LOAD {
			continue
		}
		if s.Vaddr > math.MaxInt64 || s.Memsz > math.MaxInt64-s.Vaddr ||
			s.Off > math.MaxInt64 || s.Filesz > math.MaxInt64-s.Off || s.Filesz > s.Memsz {
			return fmt.Errorf("program header %d: segment of %#x bytes at %#x, offset %#x, is out of range",
				i, s.Memsz, s.Vaddr, s.Off)
		}
	}
	return nil
}

// readSections reads the section headers. An executable runs without them, so
// that it is no error if there are none.
func (m *image) readSections(header *elf.Header64) error {
	if header.Shoff == 0 {
		return nil
	}
	if header.Shnum == 0 {
		return errors.New("more than 65279 section headers")
	}
	if header.Shentsize != uint16(binary.Size(elf.Section64{})) {
		return fmt.Errorf("section header of %d bytes", header.Shentsize)
	}
	if header.Shnum > maxSections {
		return fmt.Errorf("%d section headers, at most %d are read", header.Shnum, maxSections)
	}
	headers := make([]elf.Section64, header.Shnum)
	if err := m.decode(header.Shoff, headers); err != nil {
		return fmt.Errorf("reading the section headers: %w", err)
	}
	if int(header.Shstrndx) >= len(headers) {
		return fmt.Errorf("section %d, which should hold the section names, does not exist", header.Shstrndx)
	}
	strings := headers[header.Shstrndx]
	if strings.Size > maxSectionNamesSize {
		return fmt.Errorf("section names of %d bytes, at most %d are read", strings.Size, maxSectionNamesSize)
	}
	names := make([]byte, strings.Size)
	if err := m.file.readAt(strings.Off, names); err != nil {
		return fmt.Errorf("reading the section names: %w", err)
	}
	m.sections = make([]section, len(headers))
	for i, h := range headers {
		if h.Addr > math.MaxInt64 || h.Size > math.MaxInt64-h.Addr || h.Off > math.MaxInt64-h.Size {
			return fmt.Errorf("section header %d: %#x bytes at %#x, offset %#x, are out of range", i, h.Size, h.Addr, h.Off)
		}
		if uint64(h.Name) >= uint64(len(names)) {
			return fmt.Errorf("section header %d: name at %#x of %d bytes of names", i, h.Name, len(names))
		}
		name, _, _ := bytes.Cut(names[h.Name:], []byte{0})
		m.sections[i] = section{name: string(name), Section64: h}
	}
	return nil
}

// decode reads a value of fixed size at an offset of the file.
func (m *image) decode(offset uint64, value any) error {
	buf := make([]byte, binary.Size(value))
	if err := m.file.readAt(offset, buf); err != nil {
		return err
	}
	_, err := binary.Decode(buf, binary.LittleEndian, value)
	return err
}

// read fills buf with the bytes at a link-time address. It is an error if the
// file does not hold all of them, as with zeroed data.
func (m *image) read(addr uint64, buf []byte) error {
	offset, ok := placeOf(m.segments, addr, uint64(len(buf)))
	if !ok {
		return fmt.Errorf("%d bytes at address %#x are not in the file", len(buf), addr)
	}
	if err := m.file.readAt(offset, buf); err != nil {
		return fmt.Errorf("reading %d bytes at address %#x: %w", len(buf), addr, err)
	}
	return nil
}

// pointer returns the word at a link-time address, as a link-time address: in
// a position-independent executable what the dynamic loader would put there,
// less the base.
func (m *image) pointer(addr uint64) (uint64, error) {
	value, relocated, err := m.relocated(addr)
	if err != nil || relocated {
		return value, err
	}
	var word [8]byte
	if err := m.read(addr, word[:]); err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(word[:]), nil
}

// section returns where the first section of that name is mapped. A section
// that is not mapped, such as DWARF, is not found.
func (m *image) section(name string) (addr, size uint64, ok bool) {
	for _, s := range m.sections {
		if s.name == name && elf.SectionFlag(s.Flags)&elf.SHF_ALLOC != 0 {
			return s.Addr, s.Size, true
		}
	}
	return 0, 0, false
}

// fileOffset returns where the byte at a link-time address stands in the file.
func (m *image) fileOffset(addr uint64) (uint64, bool) { return placeOf(m.segments, addr, 1) }

// placeOf returns where size bytes at a link-time address stand in the file, if a segment has all of them.
func placeOf(segments []elf.Prog64, addr, size uint64) (offset uint64, ok bool) {
	for _, s := range segments {
		if within(s, addr) && size <= s.Vaddr+s.Filesz-addr {
			return s.Off + addr - s.Vaddr, true
		}
	}
	return 0, false
}

// within tells whether the file-backed part of a mapped segment has addr.
func within(s elf.Prog64, addr uint64) bool {
	return elf.ProgType(s.Type) == elf.PT_LOAD && addr >= s.Vaddr && addr-s.Vaddr < s.Filesz
}
