// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/binary"
	"errors"
)

var errShortBody = errors.New("event ends before its fields do")

// Body reads the operation's own part of an event, field after field. The first read
// behind the end sets an error that stays.
type Body struct {
	rest      []byte
	constants Constants
	err       error
}

// Constants fills text with the constant at a link-time address of the executable that an event comes from, and
// tells whether it has it.
type Constants func(address uint64, text []byte) bool

// NewBody starts reading b. The constants, if they are not nil, are asked for strings that the kernel side could not read.
func NewBody(b []byte, constants Constants) Body { return Body{rest: b, constants: constants} }

// Empty tells whether there is nothing more to read.
func (b *Body) Empty() bool { return len(b.rest) == 0 }

// Bytes returns the next n bytes, which point into the event, or nil at its end.
func (b *Body) Bytes(n int) []byte {
	if b.err != nil || n > len(b.rest) {
		b.err = errShortBody
		return nil
	}
	field := b.rest[:n]
	b.rest = b.rest[n:]
	return field
}

// Uint8 returns the next byte.
func (b *Body) Uint8() uint8 {
	if field := b.Bytes(1); field != nil {
		return field[0]
	}
	return 0
}

// Uint16 returns the next two bytes.
func (b *Body) Uint16() uint16 {
	if field := b.Bytes(2); field != nil {
		return binary.LittleEndian.Uint16(field)
	}
	return 0
}

// Uint32 returns the next four bytes.
func (b *Body) Uint32() uint32 {
	if field := b.Bytes(4); field != nil {
		return binary.LittleEndian.Uint32(field)
	}
	return 0
}

// Int64 returns the next eight bytes.
func (b *Body) Int64() int64 {
	if field := b.Bytes(8); field != nil {
		return int64(binary.LittleEndian.Uint64(field))
	}
	return 0
}

// Text returns the next string, whose length was read before. Its bytes point into the event, as a rule.
func (b *Body) Text(length uint16) []byte {
	if length&stringAbsent == 0 {
		return b.Bytes(int(length))
	}
	return b.absent(length)
}

// maxStrings is how many strings an event has at most.
const maxStrings = 16

// A string with this bit in its length is not in the event: in its place there is the link-time address of 8 bytes that
// it has if it is a constant. STRING_ABSENT in bpf/include/event.h.
const stringAbsent = 0x8000

// Strings reads the lengths of all strings, two bytes each, and then the strings, at most
// 16 of them.
func (b *Body) Strings(strings ...*string) {
	var lengths [maxStrings]int
	// One string for all of them to point into.
	text := string(b.texts(lengths[:len(strings)]))
	if b.err != nil {
		return
	}
	for i, s := range strings {
		*s, text = text[:lengths[i]], text[lengths[i]:]
	}
}

// Texts is Strings for those who make strings of them themselves: the bytes point into the
// event.
func (b *Body) Texts(texts ...*[]byte) {
	var lengths [maxStrings]int
	text := b.texts(lengths[:len(texts)])
	if b.err != nil {
		return
	}
	for i, t := range texts {
		*t, text = text[:lengths[i]], text[lengths[i]:]
	}
}

// texts reads the lengths of strings, and returns the strings, one behind the other.
func (b *Body) texts(lengths []int) []byte {
	written := b.Bytes(2 * len(lengths))
	if written == nil {
		return nil
	}
	total := 0
	for i := range lengths {
		length := binary.LittleEndian.Uint16(written[2*i:])
		if length&stringAbsent != 0 {
			return b.gather(written, lengths)
		}
		lengths[i] = int(length)
		total += lengths[i]
	}
	return b.Bytes(total)
}

// gather is texts where some are absent.
func (b *Body) gather(written []byte, lengths []int) (texts []byte) {
	for i := range lengths {
		text := b.Text(binary.LittleEndian.Uint16(written[2*i:]))
		lengths[i] = len(text)
		texts = append(texts, text...)
	}
	return texts
}

// absent returns a string that is not in the event, and nothing if it is no constant either.
func (b *Body) absent(length uint16) []byte {
	address := uint64(b.Int64())
	text := make([]byte, length&^stringAbsent)
	if b.err != nil || b.constants == nil || !b.constants(address, text) {
		return nil
	}
	return text
}

// Err tells whether the event was shorter than what was read from it.
func (b *Body) Err() error { return b.err }
