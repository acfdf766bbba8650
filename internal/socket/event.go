// SPDX-License-Identifier: Apache-2.0

package socket

import (
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// request is struct socket_event, bpf/include/insertion.h: the kernel side wants a socket
// watched, or not any more.
type request struct {
	key   connectionKey
	fd    int // of the process
	watch bool
}

const (
	headerSize  = 24 // struct event
	requestSize = headerSize + 56
)

// decode reads an event whose header says events.TypeSocket.
func decode(record []byte) (request, error) {
	if len(record) < requestSize {
		return request{}, fmt.Errorf("socket event of %d bytes is shorter than %d", len(record), requestSize)
	}
	body := events.NewBody(record[headerSize:], nil)
	var r request
	r.key.TGID = uint64(body.Int64())
	copy(r.key.Local[:], body.Bytes(len(r.key.Local)))
	copy(r.key.Remote[:], body.Bytes(len(r.key.Remote)))
	r.key.LocalPort, r.key.RemotePort = body.Uint16(), body.Uint16()
	body.Uint32()
	r.fd = int(body.Uint32())
	r.watch = body.Uint8() != 0
	return r, body.Err()
}
