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
	var number, system uint16
	wants := []instrument.Want{
		connectionWant("net", "conn", "fd", &l.TCPFD), // TCPConn is a conn
		connectionWant("net", "netFD", "laddr", &l.FDLocal),
		connectionWant("net", "netFD", "raddr", &l.FDRemote),
		connectionWant("net", "netFD", "pfd", &number),
		connectionWant("internal/poll", "FD", "Sysfd", &system),
		connectionWant("net", "TCPAddr", "IP", &l.AddressIP),
		connectionWant("net", "TCPAddr", "Port", &l.AddressPort),
	}
	if l.TypeTLS != 0 {
		wants = append(wants, connectionWant("crypto/tls", "Conn", "conn", &l.TLSInner))
	}
	if l.TypeRaw != 0 {
		wants = append(wants, connectionWant("google.golang.org/grpc/internal/credentials", "syscallConn", "Conn", &l.RawInner))
	}
	fields, err := f.Layout(instrument.Fields(wants))
	if err != nil && len(fields) == 0 {
		return ConnectionLayout{}, nil, nil, fmt.Errorf("layouts of connections: %w", err)
	}
	missing := instrument.Resolve(wants, fields)
	l.FDNumber = instrument.Missing
	if number != instrument.Missing && system != instrument.Missing {
		l.FDNumber = number + system
	}
	if len(missing) > 0 {
		return ConnectionLayout{}, fields, missing, fmt.Errorf("layouts of connections are not known: %v", missing)
	}
	return l, fields, nil, nil
}

func connectionWant(pkg, structName, field string, offset *uint16) instrument.Want {
	return instrument.Want{Field: gobinary.Field{Package: pkg, Struct: structName, Field: field}, Offset: offset}
}
