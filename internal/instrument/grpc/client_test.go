// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

func TestClientSpan(t *testing.T) {
	attributes := map[string]any{
		"rpc.system.name":          "grpc",
		"rpc.method":               "shop.Catalog/Get",
		"rpc.response.status_code": "OK",
		"server.address":           "shop.example",
		"server.port":              int64(8443),
		"network.peer.address":     "2001:db8::1",
		"network.peer.port":        int64(8443),
	}
	to := peer{"2001:db8::1", 8443}
	for name, test := range map[string]struct {
		target  string // dns:///shop.example:8443 if empty
		end     instrumenttest.Ending
		status  clientEnd
		with    map[string]any
		lack    []string
		failed  bool
		message string
	}{
		"answered": {status: clientEnd{statusOf(0, ""), to}},
		"status": {
			status: clientEnd{statusOf(5, "no such item"), to}, failed: true, message: "no such item",
			with: map[string]any{"rpc.response.status_code": "NOT_FOUND", "error.type": "NOT_FOUND"},
		},
		"status without a name": {
			status: clientEnd{statusOf(77, ""), to}, failed: true,
			with: map[string]any{"rpc.response.status_code": "77", "error.type": "77"},
		},
		"never connected": {
			status: clientEnd{outcome: statusOf(14, "connection refused")}, failed: true, message: "connection refused",
			with: map[string]any{"rpc.response.status_code": "UNAVAILABLE", "error.type": "UNAVAILABLE"},
			lack: []string{"network.peer.address", "network.peer.port"},
		},
		"error that is no status": {
			end: instrumenttest.Ending{End: events.End{HasError: true}, TypeName: "*fmt.wrapErrors"}, status: clientEnd{peer: to}, failed: true,
			with: map[string]any{"error.type": "*fmt.wrapErrors"}, lack: []string{"rpc.response.status_code"},
		},
		"panic": {
			end: instrumenttest.Ending{End: events.End{Outcome: events.Abandoned}}, status: clientEnd{peer: to}, failed: true,
			message: "the function did not return",
			with:    map[string]any{"error.type": "_OTHER"}, lack: []string{"rpc.response.status_code"},
		},
		"Unix domain socket": {
			target: "unix:/run/shop", status: clientEnd{statusOf(0, ""), peer{"/run/shop", 0}},
			with: map[string]any{"server.address": "/run/shop", "network.peer.address": "/run/shop"},
			lack: []string{"server.port", "network.peer.port"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.target == "" {
				test.target = "dns:///shop.example:8443"
			}
			test.end.Body = test.status.body()
			span := instrumenttest.Span(t, Library(), operationClient, clientStart{"/shop.Catalog/Get", test.target}.body(), test.end)
			assert.Equal(t, "shop.Catalog/Get", span.Name())
			assert.Equal(t, ptrace.SpanKindClient, span.Kind())
			assert.Equal(t, with(attributes, test.with, test.lack...), span.Attributes().AsRaw())
			assert.Equal(t, test.failed, span.Status().Code() == ptrace.StatusCodeError)
			assert.Equal(t, test.message, span.Status().Message())
		})
	}
}

func TestClientSpanOfCallWithoutEnd(t *testing.T) {
	span := instrumenttest.Span(t, Library(), operationClient, clientStart{"/shop.Catalog/Get", "shop"}.body(), instrumenttest.Ending{End: events.End{Outcome: events.Died}})
	assert.Equal(t, map[string]any{
		"rpc.system.name": "grpc", "rpc.method": "shop.Catalog/Get", "server.address": "shop", "error.type": "_OTHER",
	}, span.Attributes().AsRaw())
	assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
}
