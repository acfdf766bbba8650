// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
)

const (
	maxNotes     = 64
	maxNotesSize = 16 << 10
)

// Types of notes: NT_GNU_BUILD_ID, and ELF_NOTE_GOBUILDID_TAG of
// cmd/internal/buildid.
const (
	noteGNUBuildID = 3
	noteGoBuildID  = 4
)

// BuildID tells builds apart: the GNU build ID in hexadecimal if there is one,
// else the Go build ID, else "".
func (f *File) BuildID() string {
	goID := ""
	for _, region := range f.image.noteRegions() {
		for range maxNotes {
			n, rest, ok := cutNote(region)
			if !ok {
				break
			}
			switch {
			case n.name == "GNU\x00" && n.kind == noteGNUBuildID && len(n.description) > 0:
				return hex.EncodeToString(n.description)
			case n.name == "Go\x00\x00" && n.kind == noteGoBuildID && goID == "":
				goID = string(n.description)
			}
			region = rest
		}
	}
	return goID
}

// note is one entry of a note section or segment.
type note struct {
	name        string // with the zeros that it ends with
	kind        uint32
	description []byte
}

// cutNote takes the first note off a region: three words, which are the sizes
// of name and description and the type, and then both, each padded to four
// bytes.
func cutNote(region []byte) (n note, rest []byte, ok bool) {
	if len(region) < 12 {
		return note{}, nil, false
	}
	nameSize := binary.LittleEndian.Uint32(region)
	descriptionSize := binary.LittleEndian.Uint32(region[4:])
	n.kind = binary.LittleEndian.Uint32(region[8:])
	region = region[12:]
	if nameSize > maxNotesSize || descriptionSize > maxNotesSize {
		return note{}, nil, false
	}
	paddedName := (int(nameSize) + 3) &^ 3
	paddedDescription := (int(descriptionSize) + 3) &^ 3
	// The last note may end without padding.
	if paddedName+int(descriptionSize) > len(region) {
		return note{}, nil, false
	}
	n.name = string(region[:paddedName])
	n.description = region[paddedName : paddedName+int(descriptionSize)]
	return n, region[min(paddedName+paddedDescription, len(region)):], true
}

// noteRegions returns the contents of the note sections and segments. Go's
// linker puts its own notes into one segment, and not all of them.
func (m *image) noteRegions() [][]byte {
	var regions [][]byte
	add := func(offset, size uint64) {
		data := make([]byte, min(size, maxNotesSize))
		if len(regions) < maxNotes && m.file.readAt(offset, data) == nil {
			regions = append(regions, data)
		}
	}
	for _, s := range m.sections {
		if elf.SectionType(s.Type) == elf.SHT_NOTE {
			add(s.Off, s.Size)
		}
	}
	for _, s := range m.segments {
		if elf.ProgType(s.Type) == elf.PT_NOTE {
			add(s.Off, s.Filesz)
		}
	}
	return regions
}
