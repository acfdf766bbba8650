// SPDX-License-Identifier: Apache-2.0

package socket

// connectionKey is struct connection_key, bpf/include/connection.h. Addresses have the form
// of IPv6.
type connectionKey struct {
	TGID                  uint64
	Local, Remote         [16]byte
	LocalPort, RemotePort uint16
	Padding               uint32
}

// connection is struct connection, bpf/include/insertion.h.
type connection struct {
	ID, Asked          uint64
	Position, Inserted uint32
	Head, Tail         uint32
	Patience           uint32
	State              state
	Padding            [3]uint8
}

// state is enum connection_state.
type state uint8

const (
	wanted state = iota
	fresh
	followed
	idle
	lost
)

// patience is how many messages without an insertion the connection of an existing socket
// may send before it is not watched any more. It may be in the middle of a body.
const patience = 64
