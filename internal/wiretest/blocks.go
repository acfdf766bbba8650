// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bytes"
	"fmt"
	"regexp"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Field is a header field, as HPACK has it.
type Field struct {
	Name, Value string
	// NeverIndexed says how it came: as a literal that no hop may index (RFC 7541, section 6.2.3).
	NeverIndexed bool
}

// maxFrameSize is what frames of the client may have, in bytes: what all begin with (RFC 9113, section 6.5.2).
const maxFrameSize = 16384

// addedFields is how header fields begin and end that may be added: literals, never indexed, with a new name, not
// compressed, a tracestate behind or in front of a traceparent of version 00.
var addedFields = regexp.MustCompile(`(?s)(\x10\x0atracestate.+)?\x10\x0btraceparent\x3700-[0-9a-f]{32}-[0-9a-f]{16}-0[01](\x10\x0atracestate.+)?$`)

// piece is the header block of a stream as far as one frame has it.
type piece struct {
	header   http2.FrameHeader
	fragment []byte
}

// blocks are the header blocks of a connection, whose state goes from one to the next: a decoder, and an encoder that
// has the state which the client's must have. The client's is of the same library, which encodes in one way alone.
type blocks struct {
	decoder *hpack.Decoder
	encoder *hpack.Encoder
	encoded *bytes.Buffer
}

func newBlocks() blocks {
	encoded := new(bytes.Buffer)
	return blocks{decoder: hpack.NewDecoder(4096, nil), encoder: hpack.NewEncoder(encoded), encoded: encoded}
}

// take decodes the header block of a stream, and holds its bytes to what the client's library makes of the fields.
func (b *blocks) take(s *stream) error {
	var block []byte
	for _, p := range s.pieces {
		block = append(block, p.fragment...)
	}
	if at := addedFields.FindIndex(block); at != nil {
		s.Added = block[at[0]:]
	}
	fields, err := b.decode(block)
	if err != nil {
		return err
	}
	own := block[:len(block)-len(s.Added)]
	s.Fields = fields
	if s.Added != nil {
		added, err := hpack.NewDecoder(4096, nil).DecodeFull(s.Added)
		if err != nil {
			return fmt.Errorf("decode %q: %w", s.Added, err)
		}
		s.Fields = fields[:len(fields)-len(added)]
	}
	s.ID = s.field(":path")
	if err := b.same(own, s.Fields); err != nil {
		return err
	}
	return s.cut(len(own))
}

// decode decodes a block wholly.
func (b *blocks) decode(block []byte) (fields []Field, err error) {
	b.decoder.SetEmitFunc(func(f hpack.HeaderField) { fields = append(fields, Field{f.Name, f.Value, f.Sensitive}) })
	if _, err = b.decoder.Write(block); err == nil {
		err = b.decoder.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("decode a header block of %d bytes: %w", len(block), err)
	}
	return fields, nil
}

func (b *blocks) same(block []byte, fields []Field) error {
	b.encoded.Reset()
	for _, f := range fields {
		if err := b.encoder.WriteField(hpack.HeaderField{Name: f.Name, Value: f.Value, Sensitive: f.NeverIndexed}); err != nil {
			return err
		}
	}
	if !bytes.Equal(b.encoded.Bytes(), block) {
		return fmt.Errorf("the client encodes its fields as %q, and this came: %q", b.encoded.Bytes(), block)
	}
	return nil
}

// cut holds the frames of the header block to how the client cuts a block of that length, in bytes.
func (s *stream) cut(length int) error {
	for i, p := range s.pieces {
		own := len(p.fragment)
		if i == len(s.pieces)-1 {
			own -= len(s.Added)
		}
		// Neither padding nor a priority is between the frame's head and the fragment.
		if own == 0 || own != min(length, maxFrameSize) || int(p.header.Length) != len(p.fragment) || p.header.Length > maxFrameSize {
			return fmt.Errorf("frame %d of the header block has %d bytes, %d of the block are its own, and should have %d",
				i, p.header.Length, own, min(length, maxFrameSize))
		}
		length -= own
	}
	first := s.pieces[0].header
	s.Frames = append(s.Frames, Frame{Type: first.Type, Flags: first.Flags &^ http2.FlagHeadersEndHeaders})
	return nil
}

// field is the value of a header field, "" if there is none.
func (m *Message) field(name string) string {
	for _, f := range m.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}
