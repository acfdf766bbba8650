// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
)

// An executable of 100 MB has 50 MB of debug information, uncompressed.
const maxDebugSection = 512 << 20

// debugSection returns a section of debug information, uncompressed, as a
// stream. Go's linker compresses by zlib: up to Go 1.18 in sections with a name
// of their own, since as ELF has it. Other compressions are not read.
func (m *image) debugSection(name string) (io.Reader, error) {
	for _, s := range m.sections {
		if elf.SectionType(s.Type) != elf.SHT_PROGBITS {
			continue
		}
		data := io.NewSectionReader(m.file.r, int64(s.Off), int64(s.Size))
		compressed := elf.SectionFlag(s.Flags)&elf.SHF_COMPRESSED != 0
		switch {
		case s.name == ".debug_"+name && !compressed:
			return io.LimitReader(data, maxDebugSection), nil
		case s.name == ".debug_"+name:
			var header elf.Chdr64
			if err := binary.Read(data, binary.LittleEndian, &header); err != nil {
				return nil, fmt.Errorf("section %s: %w", s.name, err)
			}
			if elf.CompressionType(header.Type) != elf.COMPRESS_ZLIB {
				return nil, errNoDWARF
			}
			return inflate(s.name, data)
		case s.name == ".zdebug_"+name:
			var header [12]byte // "ZLIB" and the size, big-endian
			if _, err := io.ReadFull(data, header[:]); err != nil {
				return nil, fmt.Errorf("section %s: %w", s.name, err)
			}
			if !bytes.HasPrefix(header[:], []byte("ZLIB")) {
				return nil, errNoDWARF
			}
			return inflate(s.name, data)
		}
	}
	return nil, errNoDWARF
}

func inflate(name string, data io.Reader) (io.Reader, error) {
	r, err := zlib.NewReader(data)
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", name, err)
	}
	return io.LimitReader(r, maxDebugSection), nil
}
