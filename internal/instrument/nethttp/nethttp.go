// SPDX-License-Identifier: Apache-2.0

// Package nethttp traces net/http: one server span per request that reaches a handler,
// one client span per round trip of a Transport. HTTP/2 servers of golang.org/x/net/http2
// belong to it, since they serve the same handlers.
package nethttp

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The instrumentations, as the configuration names them.
const (
	server = "net_http_server"
	client = "net_http_client"
)

// The operations of their events, OPERATION_… in bpf/nethttp.bpf.c.
const (
	operationServer events.Operation = 1
	operationClient events.Operation = 2
)

type library struct {
	routes routes
	texts  instrument.Texts // methods
}

// Library returns the library. Its spans are made on one goroutine.
func Library() instrument.Library { return library{newRoutes(), instrument.NewTexts()} }

func (library) Name() string { return "nethttp" }

func (library) LayoutMap() string { return "net_http_layouts" }

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
	return fmt.Errorf("operation %d is not one of net/http", r.Start.Operation)
}
