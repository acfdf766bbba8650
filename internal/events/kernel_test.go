// SPDX-License-Identifier: Apache-2.0

package events

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestLossesOfKernelSide(t *testing.T) {
	source := kerneltest.ReadSource(t, "include/loss.h")
	var reasons []Loss
	for i, reason := range source.Enums["loss"] {
		assert.Equal(t, i, reason.Value)
		reasons = append(reasons, Loss(strings.ToLower(strings.TrimPrefix(reason.Name, "LOSS_"))))
	}
	require.NotEmpty(t, reasons)
	assert.Equal(t, KernelLosses[:], reasons[:len(reasons)-1], "the last one counts them")
}

func TestPropagationsOfKernelSide(t *testing.T) {
	source := kerneltest.ReadSource(t, "include/outgoing.h")
	var outcomes []Propagation
	for i, outcome := range source.Enums["propagation"] {
		assert.Equal(t, i, outcome.Value)
		outcomes = append(outcomes, Propagation(strings.ToLower(strings.TrimPrefix(outcome.Name, "PROPAGATION_"))))
	}
	require.NotEmpty(t, outcomes)
	assert.Equal(t, Propagations[:], outcomes[:len(outcomes)-1], "the last one counts them")
}

func TestNumbersOfKernelSide(t *testing.T) {
	numbers := kerneltest.ReadSource(t, "include/event.h").Numbers
	for name, number := range map[string]int{
		"EVENT_START":       int(TypeStart),
		"EVENT_END":         int(TypeEnd),
		"EVENT_SOCKET":      int(TypeSocket),
		"OUTCOME_RETURNED":  int(Returned),
		"OUTCOME_PANICKED":  int(Panicked),
		"OUTCOME_GOEXIT":    int(Goexit),
		"OUTCOME_ABANDONED": int(Abandoned),
		"OUTCOME_DISCARDED": int(Discarded),
	} {
		require.Contains(t, numbers, name)
		assert.Equal(t, numbers[name], number, name)
	}
	for name, number := range numbers {
		if strings.HasPrefix(name, "OUTCOME_") {
			assert.NotEqual(t, int(Died), number, "%s has the number of what only user space says", name)
		}
	}
}

func TestEventsOfKernelSide(t *testing.T) {
	source := kerneltest.ReadSource(t, "include/event.h")
	for name, size := range map[string]int{"event": headerSize, "start_event": startSize, "end_event": endSize} {
		_, expected := source.Struct(t, name)
		assert.Equal(t, expected, size, name)
	}
	header := map[string]uint64{
		"event.type": 1, "event.operation": 2, "event.binary": 0x1234, "event.tgid": 0x01020304, "event.time": 1 << 60,
		"event.span_id": 0x0807060504030201,
	}
	expected := Header{
		Type: TypeStart, Operation: 2, Binary: 0x1234, TGID: 0x01020304, Time: 1 << 60, SpanID: pcommon.SpanID{1, 2, 3, 4, 5, 6, 7, 8},
	}

	values := map[string]uint64{
		"trace_id[0]": 0x0807060504030201, "trace_id[1]": 0x100f0e0d0c0b0a09, "parent_id": 0xff, "trace_flags": 3, "parent_is_remote": 1,
	}
	record := source.Record(t, "start_event", merged(header, values))
	decoded, err := DecodeHeader(record)
	require.NoError(t, err)
	start, err := DecodeStart(decoded, record)
	require.NoError(t, err)
	assert.Equal(t, Start{
		Header: expected, TraceID: pcommon.TraceID{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
		ParentID: pcommon.SpanID{0xff}, Flags: 3, ParentIsRemote: true, Body: []byte{},
	}, start)

	header["event.type"], expected.Type = 2, TypeEnd
	record = source.Record(t, "end_event", merged(header, map[string]uint64{"error_type": 1 << 50, "outcome": 4, "has_error": 1}))
	decoded, err = DecodeHeader(record)
	require.NoError(t, err)
	end, err := DecodeEnd(decoded, record)
	require.NoError(t, err)
	assert.Equal(t, End{Header: expected, ErrorType: 1 << 50, Outcome: Discarded, HasError: true, Body: []byte{}}, end)
}

func merged(a, b map[string]uint64) map[string]uint64 {
	all := map[string]uint64{}
	for _, m := range []map[string]uint64{a, b} {
		for name, value := range m {
			all[name] = value
		}
	}
	return all
}
