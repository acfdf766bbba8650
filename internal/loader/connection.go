// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// ConnectionLayout is struct connection_layout, bpf/include/connection.h: how a TCP
// connection is found from a net.Conn.
type ConnectionLayout struct {
	TypeTCP, TypeTLS, TypeRaw          uint64
	TCPFD, FDLocal, FDRemote, FDNumber uint16
	AddressIP, AddressPort             uint16
	TLSInner, RawInner                 uint16
}

// connectionLayouts is the map of them, by binary.
const connectionLayouts = "connection_layouts"

// The types of connections that are looked into.
const (
	typeTCP = "*net.TCPConn"
	typeTLS = "*crypto/tls.Conn"
	typeRaw = "*google.golang.org/grpc/internal/credentials.syscallConn"
)

// wants lists the fields of connections, and of those that are around others.
func (l *ConnectionLayout) wants(tls, raw bool) []instrument.Want {
	pfd := gobinary.Field{Package: "net", Struct: "netFD", Field: "pfd"}
	number := gobinary.Field{Package: "internal/poll", Struct: "FD", Field: "Sysfd"}
	wants := []instrument.Want{
		instrument.At(&l.TCPFD, "net", "conn", "fd"), // TCPConn is a conn
		instrument.At(&l.FDLocal, "net", "netFD", "laddr"),
		instrument.At(&l.FDRemote, "net", "netFD", "raddr"),
		instrument.Want{Offset: &l.FDNumber}.Or(pfd, number),
		instrument.At(&l.AddressIP, "net", "TCPAddr", "IP"),
		instrument.At(&l.AddressPort, "net", "TCPAddr", "Port"),
	}
	if tls {
		wants = append(wants, instrument.At(&l.TLSInner, "crypto/tls", "Conn", "conn"))
	}
	if raw {
		wants = append(wants, instrument.At(&l.RawInner, "google.golang.org/grpc/internal/credentials", "syscallConn", "Conn"))
	}
	return wants
}

// ConnectionFields lists the fields that ResolveConnections may look up.
func ConnectionFields() []gobinary.Field {
	return instrument.Fields(new(ConnectionLayout).wants(true, true))
}

// ResolveConnections finds the layouts of a binary's connections, and the fields that it
// lacks. The error says why its connections cannot be told: nothing is propagated by them
// then. A binary without TCP has no layout, and no error.
func ResolveConnections(f *gobinary.File) (ConnectionLayout, gobinary.Layout, []gobinary.Field, error) {
	var l ConnectionLayout
	types, err := f.TypeAddresses(typeTCP, typeTLS, typeRaw)
	if err != nil {
		return l, nil, nil, fmt.Errorf("types of connections: %w", err)
	}
	l.TypeTCP, l.TypeTLS, l.TypeRaw = types[typeTCP], types[typeTLS], types[typeRaw]
	if l.TypeTCP == 0 {
		return l, nil, nil, nil
	}
	wants := l.wants(l.TypeTLS != 0, l.TypeRaw != 0)
	fields, err := f.Layout(instrument.Fields(wants))
	if err != nil && len(fields) == 0 {
		return ConnectionLayout{}, nil, nil, fmt.Errorf("layouts of connections: %w", err)
	}
	missing := instrument.Resolve(wants, fields)
	if len(missing) > 0 {
		return ConnectionLayout{}, fields, missing, fmt.Errorf("layouts of connections are not known: %v", missing)
	}
	return l, fields, nil, nil
}
