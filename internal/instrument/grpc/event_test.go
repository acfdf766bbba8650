// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"encoding/binary"
	"net/netip"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// append writes the peer by its IP address. One without is left to the text that it returns.
func (p peer) append(body []byte) (with []byte, text string) {
	var ip [16]byte
	length := 0
	if address, err := netip.ParseAddr(p.address); err == nil {
		length = copy(ip[:], address.AsSlice())
	} else {
		text = p.address
	}
	body = append(body, ip[:]...)
	body = binary.LittleEndian.AppendUint16(body, uint16(p.port))
	return append(body, byte(length), 0, 0, 0, 0, 0), text
}

func (s serverStart) body() []byte {
	body, text := s.peer.append(nil)
	return instrumenttest.AppendStrings(body, s.method, s.authority, s.tracestate, text)
}

func (e serverEnd) body() []byte {
	body := binary.LittleEndian.AppendUint32(nil, e.code)
	return instrumenttest.AppendStrings(append(body, instrumenttest.Flag(e.known), instrumenttest.Flag(e.unknownMethod)), e.message)
}

func (c clientStart) body() []byte {
	return instrumenttest.AppendStrings(make([]byte, 4), c.method, c.target)
}

func (e clientEnd) body() []byte {
	body, text := e.peer.append(nil)
	body = binary.LittleEndian.AppendUint32(body, e.code)
	return instrumenttest.AppendStrings(append(body, instrumenttest.Flag(e.known), 0, 0, 0, 0, 0, 0, 0), e.message, text)
}

// statusOf is the outcome of a call that was given one.
func statusOf(code uint32, message string) outcome { return outcome{true, code, message} }
