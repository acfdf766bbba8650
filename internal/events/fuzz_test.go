// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"testing"
)

// FuzzDecode decodes records of any bytes: no panic, and what is decoded is in the record.
func FuzzDecode(f *testing.F) {
	f.Add(startRecord())
	f.Add(make([]byte, endSize))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, record []byte) {
		header, err := DecodeHeader(record)
		if (err != nil) != (len(record) < headerSize) {
			t.Fatalf("%d bytes: %v", len(record), err)
		}
		if err != nil {
			return
		}
		start, err := DecodeStart(header, record)
		if (err != nil) != (len(record) < startSize) || err == nil && !bytes.Equal(start.Body, record[startSize:]) {
			t.Errorf("start of %d bytes: %v", len(record), err)
		}
		end, err := DecodeEnd(header, record)
		if (err != nil) != (len(record) < endSize) || err == nil && !bytes.Equal(end.Body, record[endSize:]) {
			t.Errorf("end of %d bytes: %v", len(record), err)
		}
	})
}

// FuzzBody reads a body in an order that reads says: as many bytes as it has, and an error
// from the first read on that goes beyond. A constant that is asked for is there.
func FuzzBody(f *testing.F) {
	f.Add([]byte{1, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 'a'}, []byte{0, 1, 2, 4})
	f.Add([]byte{}, []byte{3, 3})
	f.Add([]byte{4, 0, 0, 0, 0, 0, 0, 0, 'a'}, []byte{255, 3})
	constants := func(_ uint64, text []byte) bool { return copy(text, bytes.Repeat([]byte{'x'}, len(text))) == len(text) }
	f.Fuzz(func(t *testing.T, record, reads []byte) {
		body := NewBody(record, constants)
		left := len(record)
		for _, read := range reads {
			size := int(read)
			switch read {
			case 0:
				size = 1
				body.Uint8()
			case 1:
				size = 2
				body.Uint16()
			case 2:
				size = 8
				body.Int64()
			case 255:
				size = 8
				before := body.Err()
				if got := body.Text(100 | stringAbsent); before == nil && body.Err() == nil && len(got) != 100 {
					t.Fatalf("%d bytes of a constant of 100", len(got))
				}
			default:
				before := body.Err()
				if got := body.Text(uint16(read)); before == nil && body.Err() == nil && len(got) != size {
					t.Fatalf("%d bytes instead of %d", len(got), size)
				}
			}
			left -= size
			if (body.Err() != nil) != (left < 0) {
				t.Fatalf("%d bytes left: %v", left, body.Err())
			}
			if left < 0 {
				left = -1 << 30 // the error stays
			}
		}
	})
}
