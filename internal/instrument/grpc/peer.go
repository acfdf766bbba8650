// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"net/netip"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// peer is the other end of a connection.
type peer struct {
	address string // empty: not known
	port    int    // 0: none
}

// ipPeer is struct peer of bpf/grpc.bpf.c: a peer that is known by its IP address.
type ipPeer struct {
	ip     [16]byte
	port   uint16
	length uint8 // of the address: 4, 16, or 0
}

func decodePeer(b *events.Body) ipPeer {
	var p ipPeer
	copy(p.ip[:], b.Bytes(len(p.ip)))
	p.port = b.Uint16()
	p.length = b.Uint8()
	b.Bytes(5)
	return p
}

// peers names peers. An address is written once, for peers come again.
type peers struct {
	addresses *instrument.Memory[string]
}

// maxPeers bounds the addresses that are remembered.
const maxPeers = 4096

func newPeers() peers { return peers{instrument.NewMemory[string](maxPeers)} }

// named is a peer, by its IP address or else by what it has as text: "host:port" or the
// name of a Unix domain socket.
func (known peers) named(p ipPeer, text string) peer {
	ip := p.ip[:min(int(p.length), len(p.ip))]
	if address, ok := known.addresses.Get(ip); ok {
		return peer{address, int(p.port)}
	}
	if parsed, ok := netip.AddrFromSlice(ip); ok {
		address := parsed.Unmap().String()
		known.addresses.Put(ip, address)
		return peer{address, int(p.port)}
	}
	if text == "@" {
		return peer{} // a Unix domain socket without a name, as package net writes it
	}
	host, port := instrument.SplitHostPort(text)
	return peer{host, port}
}
