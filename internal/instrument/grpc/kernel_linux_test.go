// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package grpc

import (
	"slices"
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
	assert.Equal(t, "grpc_layout", m.Value.(*btf.Struct).Name)
	kerneltest.CheckStruct(t, spec, "grpc_layout", layout{})
}

func source(t *testing.T) kerneltest.Source {
	return kerneltest.ReadSource(t, "include/memory.h", "include/event.h", "grpc.bpf.c")
}

func TestNumbersOfKernelSide(t *testing.T) {
	numbers := source(t).Numbers
	for name, number := range map[string]int{
		"OPERATION_GRPC_SERVER":       int(operationServer),
		"OPERATION_GRPC_CLIENT":       int(operationClient),
		"MISSING":                     instrument.Missing,
		"CLIENT_FAILURE_RETURN":       failureReturn,
		"CLIENT_FAILURE_INNER_RETURN": failureInnerReturn,
		"CLIENT_FAILURE_CALL":         failureCall,
		"CODE_CANCELLED":              slices.Index(codes[:], "CANCELLED"),
		"VALUE_MAX":                   instrument.MaxTracestate,
		// A call that comes through net/http takes the place of the span there.
		"OPERATION_HTTP_SERVER": kerneltest.ReadSource(t, "nethttp.bpf.c").Numbers["OPERATION_HTTP_SERVER"],
	} {
		require.Contains(t, numbers, name)
		assert.Equal(t, numbers[name], number, name)
	}
}

func TestServerEventsOfKernelSide(t *testing.T) {
	s := source(t)
	record := s.Record(t, "server_start", map[string]uint64{
		"start.event.operation": 3, "start.parent_id": 0x0807060504030201, "start.parent_is_remote": 1,
		"peer.ip[0]": 192, "peer.ip[2]": 2, "peer.ip[3]": 7, "peer.ip_length": 4, "peer.port": 4711,
		"lengths[0]": 2, "lengths[1]": 1, "lengths[2]": 1, "lengths[3]": 1,
	})
	start := instrumenttest.DecodeStart(t, append(record, "/matp"...))
	assert.Equal(t, operationServer, start.Operation)
	assert.Equal(t, pcommon.SpanID{1, 2, 3, 4, 5, 6, 7, 8}, start.ParentID)
	assert.True(t, start.ParentIsRemote)
	body, err := Library().(library).decodeServerStart(events.NewBody(start.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, serverStart{peer: peer{"192.0.2.7", 4711}, method: "/m", authority: "a", tracestate: "t"}, body)

	record = s.Record(t, "server_end", map[string]uint64{
		"end.outcome": 2, "end.has_error": 1, "end.error_type": 0xabc, "code": 0x12345, "has_status": 1, "unknown_method": 1,
		"message_length": 2,
	})
	end := instrumenttest.DecodeEnd(t, append(record, "no"...))
	assert.Equal(t, events.Goexit, end.Outcome)
	assert.True(t, end.HasError)
	assert.Equal(t, uint64(0xabc), end.ErrorType)
	endBody, err := decodeServerEnd(events.NewBody(end.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, serverEnd{outcome: outcome{known: true, code: 0x12345, message: "no"}, unknownMethod: true}, endBody)
}

func TestClientEventsOfKernelSide(t *testing.T) {
	s := source(t)
	record := s.Record(t, "client_start", map[string]uint64{"lengths[0]": 2, "lengths[1]": 1})
	c, err := Library().(library).decodeClientStart(events.NewBody(instrumenttest.DecodeStart(t, append(record, "/mt"...)).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, clientStart{method: "/m", target: "t"}, c)

	record = s.Record(t, "client_end", map[string]uint64{
		"peer.ip[0]": 0x20, "peer.ip[15]": 1, "peer.ip_length": 16, "peer.port": 443,
		"code": 0x12345, "has_status": 1, "lengths[0]": 2, "lengths[1]": 1,
	})
	e, err := Library().(library).decodeClientEnd(events.NewBody(instrumenttest.DecodeEnd(t, append(record, "nop"...)).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, clientEnd{outcome: outcome{known: true, code: 0x12345, message: "no"}, peer: peer{"2000::1", 443}}, e)
}
