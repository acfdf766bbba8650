// SPDX-License-Identifier: Apache-2.0

// Package grpc traces google.golang.org/grpc: one server span per call that a server
// dispatches, one client span per call of a channel, from its first attempt to its status.
package grpc

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The instrumentations, as the configuration names them.
const (
	server = "grpc_server"
	client = "grpc_client"
)

// The operations of their events, OPERATION_… in bpf/grpc.bpf.c.
const (
	operationServer events.Operation = 3
	operationClient events.Operation = 4
)

type library struct {
	texts instrument.Texts // methods and servers
	peers peers
}

// Library returns the library. Its spans are made on one goroutine.
func Library() instrument.Library { return library{instrument.NewTexts(), newPeers()} }

func (library) Name() string { return "grpc" }

func (library) LayoutMap() string { return "grpc_layouts" }

func (library) Instrumentations() []instrument.Instrumentation {
	return []instrument.Instrumentation{
		{Name: server, Operation: operationServer},
		{Name: client, Operation: operationClient},
	}
}

func (l library) Span(r instrument.Record, span ptrace.Span) error {
	switch r.Start.Operation {
	case operationServer:
		return l.serverSpan(r, span)
	case operationClient:
		return l.clientSpan(r, span)
	}
	return fmt.Errorf("operation %d is not one of gRPC", r.Start.Operation)
}
