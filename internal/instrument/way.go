// SPDX-License-Identifier: Apache-2.0

package instrument

// Way is a set of ways by which a request tells its server whose child it is.
type Way uint8

// The ways.
const (
	// WayWrite is a header that is written into the program's own buffer.
	WayWrite Way = 1 << iota
	// WaySocket is a header that is inserted where the request passes its socket.
	WaySocket
	// WayJoin is no header: both ends of the request are known here, and put together.
	WayJoin

	// AnyWay is for what all ways have in common.
	AnyWay = WayWrite | WaySocket | WayJoin
)
