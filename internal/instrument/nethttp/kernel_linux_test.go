// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package nethttp

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestLayoutOfKernelSide(t *testing.T) {
	spec, err := Library().Programs()
	require.NoError(t, err)
	m := spec.Maps[Library().LayoutMap()]
	require.NotNil(t, m)
	assert.Equal(t, "net_http_layout", m.Value.(*btf.Struct).Name)
	kerneltest.CheckStruct(t, spec, "net_http_layout", layout{})
}

func source(t *testing.T) kerneltest.Source {
	return kerneltest.ReadSource(t, "include/memory.h", "include/event.h", "nethttp.bpf.c")
}

func TestNumbersOfKernelSide(t *testing.T) {
	numbers := source(t).Numbers
	for name, number := range map[string]int{
		"OPERATION_HTTP_SERVER":   int(operationServer),
		"OPERATION_HTTP_CLIENT":   int(operationClient),
		"MISSING":                 instrument.Missing,
		"HTTP2_BUNDLED":           http2Bundled,
		"HTTP2_INTERNAL":          http2Internal,
		"HTTP2_MODULE":            http2Module,
		"HTTP2_KINDS":             http2Kinds,
		"CLIENT_END_ON_SUCCESS":   endOnSuccess,
		"CLIENT_END_ALWAYS":       endAlways,
		"CLIENT_END_UNLESS_EQUAL": endUnlessEqual,
		"CLIENT_END_IF_FALSE":     endIfFalse,
		"REQUEST_AT_CALL":         requestAtCall,
		"REQUEST_AT_BRANCH":       requestAtBranch,
		"VALUE_MAX":               instrument.MaxTracestate,
	} {
		require.Contains(t, numbers, name)
		assert.Equal(t, numbers[name], number, name)
	}
}

func TestServerEventsOfKernelSide(t *testing.T) {
	s := source(t)
	record := s.Record(t, "server_start", map[string]uint64{
		"start.event.operation": 1, "start.parent_id": 0x0807060504030201, "start.trace_flags": 1, "start.parent_is_remote": 1,
		"content_length": 77, "proto_major": 2, "proto_minor": 3, "tls": 1,
		"lengths[0]": 3, "lengths[1]": 2, "lengths[2]": 1, "lengths[3]": 1, "lengths[4]": 1,
		"lengths[5]": 1, "lengths[6]": 1, "lengths[7]": 1, "lengths[8]": 1, "lengths[9]": 1,
	})
	start := instrumenttest.DecodeStart(t, append(record, "GET/ahrutfFHP"...))
	assert.Equal(t, operationServer, start.Operation)
	assert.Equal(t, pcommon.SpanID{1, 2, 3, 4, 5, 6, 7, 8}, start.ParentID)
	assert.True(t, start.ParentIsRemote)
	body, err := decodeServerStart(events.NewBody(start.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, serverStart{
		contentLength: 77, protoMajor: 2, protoMinor: 3, tls: true,
		method: "GET", uri: "/a", host: "h", remoteAddr: "r", userAgent: "u", tracestate: "t",
		forwarding: forwarding{forwarded: "f", xFor: "F", xHost: "H", xProto: "P"},
	}, body)

	line := s.Record(t, "server_start", map[string]uint64{"has_space": 1, "lengths[0]": 5, "lengths[1]": 2})
	body, err = decodeServerStart(events.NewBody(instrumenttest.DecodeStart(t, append(line, "POST /a"...)).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, "POST", body.method)
	assert.Equal(t, "/a", body.uri)

	record = s.Record(t, "server_end", map[string]uint64{
		"end.outcome": 1, "end.has_error": 1, "end.error_type": 0xabc, "written": 99, "status": 204, "route_length": 2,
	})
	end := instrumenttest.DecodeEnd(t, append(record, "/x"...))
	assert.Equal(t, events.Panicked, end.Outcome)
	assert.True(t, end.HasError)
	assert.Equal(t, uint64(0xabc), end.ErrorType)
	endBody, err := decodeServerEnd(events.NewBody(end.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, serverEnd{written: 99, status: 204, pattern: []byte("/x")}, endBody)
}

func TestClientEventsOfKernelSide(t *testing.T) {
	s := source(t)
	record := s.Record(t, "client_start", map[string]uint64{
		"content_length": 77, "has_user": 1,
		"lengths[0]": 4, "lengths[1]": 1, "lengths[2]": 1, "lengths[3]": 1, "lengths[4]": 1,
		"lengths[5]": 1, "lengths[6]": 1, "lengths[7]": 1,
	})
	c, err := Library().(library).decodeClientStart(events.NewBody(instrumenttest.DecodeStart(t, append(record, "POSTsohprqf"...)).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, int64(77), c.contentLength)
	assert.Equal(t, "POST", c.method)
	assert.Equal(t, clientURL{full: "s:o?q#f", scheme: "s", host: "h"}, c.url)

	// Without an opaque part the other fields count.
	record = s.Record(t, "client_start", map[string]uint64{
		"has_user": 1, "lengths[1]": 1, "lengths[3]": 1, "lengths[4]": 4, "lengths[5]": 6, "lengths[6]": 1, "lengths[7]": 1,
	})
	c, err = Library().(library).decodeClientStart(events.NewBody(instrumenttest.DecodeStart(t, append(record, "sh/p q/p%20qqf"...)).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, clientURL{full: "s://REDACTED:REDACTED@h/p%20q?q#f", scheme: "s", host: "h"}, c.url)

	record = s.Record(t, "client_end", map[string]uint64{"content_length": 99, "status": 204, "proto_major": 2, "proto_minor": 1})
	e, err := decodeClientEnd(events.NewBody(instrumenttest.DecodeEnd(t, record).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, clientEnd{contentLength: 99, status: 204, protoMajor: 2, protoMinor: 1}, e)
}
