// SPDX-License-Identifier: Apache-2.0

package wiretest

import "encoding/binary"

// grpcHead is the length of what is before a message of gRPC: a byte that says how it is compressed, and its length.
const grpcHead = 5

// isCall tells whether a stream is a call of gRPC.
func (s *stream) isCall() bool { return s.field("content-type") == "application/grpc" }

// messages counts the messages of a call of gRPC. A stream without one has none.
func (s *stream) messages() (n int) {
	var data []byte
	for _, f := range s.Frames {
		data = append(data, f.Payload...)
	}
	for len(data) >= grpcHead {
		length := grpcHead + uint64(binary.BigEndian.Uint32(data[1:]))
		if uint64(len(data)) < length {
			break
		}
		data = data[length:]
		n++
	}
	return n
}
