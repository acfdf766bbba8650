// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

func TestOutcome(t *testing.T) {
	const errorType = "*net.OpError"
	panicked := events.End{Outcome: events.Panicked, HasError: true}
	for name, test := range map[string]struct {
		end            events.End
		typeName       string
		status         uint16
		server, client string // error.type, empty: no error
		message        string
	}{
		"no response":           {},
		"1xx":                   {status: 101},
		"2xx":                   {status: 204},
		"3xx":                   {status: 399},
		"4xx":                   {status: 400, client: "400"},
		"last 4xx":              {status: 499, client: "499"},
		"5xx":                   {status: 500, server: "500", client: "500"},
		"beyond":                {status: 999, server: "999", client: "999"},
		"error":                 {end: events.End{HasError: true}, typeName: errorType, server: errorType, client: errorType},
		"error of unknown type": {end: events.End{HasError: true}, server: "_OTHER", client: "_OTHER"},
		"type without error":    {typeName: errorType, status: 200},
		"error, then a status":  {end: events.End{HasError: true}, typeName: errorType, status: 500, server: errorType, client: errorType},
		"type that is not UTF-8": {
			end: events.End{HasError: true}, typeName: "main.\xff", server: "main.\uFFFD", client: "main.\uFFFD",
		},
		"panic":                 {end: panicked, typeName: "runtime.boundsError", status: 200, server: "runtime.boundsError", client: "runtime.boundsError", message: "panic"},
		"panic of unknown type": {end: panicked, server: "_OTHER", client: "_OTHER", message: "panic"},
		"Goexit": {
			end: events.End{Outcome: events.Goexit}, server: "runtime.Goexit", client: "runtime.Goexit", message: "the goroutine exited",
		},
		"abandoned": {
			end: events.End{Outcome: events.Abandoned}, server: "_OTHER", client: "_OTHER", message: "the function did not return",
		},
		"died": {end: events.End{Outcome: events.Died}, server: "_OTHER", client: "_OTHER", message: "the process ended"},
	} {
		t.Run(name, func(t *testing.T) {
			for operation, errorType := range map[events.Operation]string{operationServer: test.server, operationClient: test.client} {
				end := instrumenttest.Ending{End: test.end, TypeName: test.typeName}
				start := request(nil).body()
				end.Body = serverEnd{status: test.status}.body()
				if operation == operationClient {
					start = requested{}.body()
					end.Body = clientEnd{status: test.status}.body()
				}
				span := instrumenttest.Span(t, Library(), operation, start, end)
				if errorType == "" {
					assert.NotContains(t, span.Attributes().AsRaw(), "error.type")
					assert.Equal(t, ptrace.StatusCodeUnset, span.Status().Code())
					assert.Empty(t, span.Status().Message())
					continue
				}
				assert.Equal(t, errorType, span.Attributes().AsRaw()["error.type"])
				assert.Equal(t, ptrace.StatusCodeError, span.Status().Code())
				assert.Equal(t, test.message, span.Status().Message())
			}
		})
	}
}
