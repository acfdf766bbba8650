// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// dwarfReader reads numbers and strings from a stream of debug information. It
// keeps its first error, and returns zeros from then on.
type dwarfReader struct {
	r   *bufio.Reader
	pos uint64
	err error

	name []byte // of the last entry
}

func newDWARFReader(r io.Reader) *dwarfReader {
	return &dwarfReader{r: bufio.NewReaderSize(r, 64<<10)}
}

// fixed reads an unsigned number of 1, 2, 3, 4 or 8 bytes.
func (d *dwarfReader) fixed(size int) uint64 {
	if d.err != nil {
		return 0
	}
	var word [8]byte
	n, err := io.ReadFull(d.r, word[:size])
	d.pos += uint64(n)
	d.err = inside(err)
	return binary.LittleEndian.Uint64(word[:])
}

// inside turns the end of the stream, where it must not end, into an error.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// uvarint reads a number in LEB128.
func (d *dwarfReader) uvarint() uint64 {
	var value uint64
	for shift := 0; d.err == nil && shift < 64; shift += 7 {
		b, err := d.r.ReadByte()
		if err != nil {
			d.err = inside(err)
			break
		}
		d.pos++
		value |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return value
		}
	}
	if d.err == nil {
		d.err = fmt.Errorf("number at %#x does not end", d.pos)
	}
	return 0
}

// string reads a string that a zero byte ends. It is valid until the next
// read; one that is too long for the buffer is as good as none.
func (d *dwarfReader) string() []byte {
	if d.err != nil {
		return nil
	}
	s, err := d.r.ReadSlice(0)
	d.pos += uint64(len(s))
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			s, err = d.r.ReadSlice(0)
			d.pos += uint64(len(s))
		}
		s = nil
	}
	if err != nil {
		d.err = inside(err)
		return nil
	}
	return s[:max(len(s)-1, 0)]
}

func (d *dwarfReader) skip(n uint64) {
	for n > 0 && d.err == nil {
		step := min(n, math.MaxInt32)
		skipped, err := d.r.Discard(int(step))
		d.pos += uint64(skipped)
		d.err = inside(err)
		n -= step
	}
}

// dwarfUnit is the header of a unit.
type dwarfUnit struct {
	start, end uint64
	abbrevs    uint64 // offset of its abbreviations
	supported  bool
}

// nextUnit reads the header of a unit, the reader being where the one before
// ends. The error is io.EOF at the end.
func (d *dwarfReader) nextUnit() (dwarfUnit, error) {
	unit := dwarfUnit{start: d.pos}
	if d.err != nil {
		return unit, d.err
	}
	if _, err := d.r.Peek(1); errors.Is(err, io.EOF) {
		return unit, io.EOF
	}
	length := d.fixed(4)
	const is64bit = 0xffffffff
	wide := length == is64bit
	if wide {
		length = d.fixed(8)
	}
	if length > maxDebugSection {
		return unit, fmt.Errorf("unit at %#x has %#x bytes", unit.start, length)
	}
	unit.end = d.pos + length
	version := d.fixed(2)
	// Go's linker never writes 64-bit DWARF on Linux. A unit of C may come.
	unit.supported = !wide && version >= 2 && version <= 5
	if unit.supported && version == 5 {
		unit.supported = d.fixed(1) == dwarfUnitCompile
		d.skip(1) // size of an address
		unit.abbrevs = d.fixed(4)
	} else if unit.supported {
		unit.abbrevs = d.fixed(4)
		d.skip(1)
	}
	if d.err == nil && d.pos > unit.end {
		return unit, fmt.Errorf("unit at %#x is shorter than its header", unit.start)
	}
	return unit, d.err
}

// dwarfEntry is what is read of an entry.
type dwarfEntry struct {
	name     []byte // valid until the next entry
	location uint64 // noLocation if it has none
}

const noLocation = math.MaxUint64

// entry reads the attributes of an entry.
func (d *dwarfReader) entry(abbrev dwarfAbbrev) dwarfEntry {
	entry := dwarfEntry{location: noLocation}
	for _, a := range abbrev.attrs {
		switch {
		case a.attr == dwarfAttrName && a.form == dwarfFormString && abbrev.tagHasName():
			d.name = append(d.name[:0], d.string()...)
			entry.name = d.name
		case a.attr == dwarfAttrLocation && a.form == dwarfFormUdata:
			entry.location = d.uvarint()
		default:
			d.skipForm(a.form)
		}
	}
	return entry
}
