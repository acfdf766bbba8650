// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/bpf"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestStructsOfKernelSide(t *testing.T) {
	spec, err := bpf.LoadSocket()
	require.NoError(t, err)
	kerneltest.CheckStruct(t, spec, "connection_key", connectionKey{})
	kerneltest.CheckStruct(t, spec, "connection", connection{})
	kerneltest.CheckStruct(t, spec, "insertion_key", insertionKey{})
	kerneltest.CheckStruct(t, spec, "insertion", insertion{})
}

func TestNumbersOfKernelSide(t *testing.T) {
	source := kerneltest.ReadSource(t, "include/insertion.h", "include/outgoing.h")
	assert.Equal(t, []kerneltest.Enumerator{
		{Name: "CONNECTION_WANTED", Value: int(wanted)},
		{Name: "CONNECTION_FRESH", Value: int(fresh)},
		{Name: "CONNECTION_FOLLOWED", Value: int(followed)},
		{Name: "CONNECTION_IDLE", Value: int(idle)},
		{Name: "CONNECTION_LOST", Value: int(lost)},
	}, source.Enums["connection_state"])
	for name, number := range map[string]int{
		"INSERTION_LINE": kindLine, "INSERTION_FRAME": kindFrame, "PROPAGATION_INSERTED": outcomeInserted,
		"PROPAGATION_NO_ROOM": outcomeNoRoom, "PROPAGATION_SPLIT": outcomeSplit, "PROPAGATION_MISMATCH": outcomeMismatch,
	} {
		require.Contains(t, source.Numbers, name)
		assert.Equal(t, source.Numbers[name], number, name)
	}
}

func TestDecode(t *testing.T) {
	source := kerneltest.ReadSource(t, "include/event.h", "include/connection.h", "include/insertion.h")
	record := source.Record(t, "socket_event", map[string]uint64{
		"event.type": uint64(events.TypeSocket), "event.tgid": 7, "connection.tgid": 7, "connection.local[0]": 1, "connection.local[15]": 2,
		"connection.remote[0]": 3, "connection.remote[15]": 4, "connection.local_port": 0x1234, "connection.remote_port": 0x5678,
		"fd": 0x01020304, "watch": 1,
	})
	expected := request{
		key:   connectionKey{TGID: 7, Local: [16]byte{0: 1, 15: 2}, Remote: [16]byte{0: 3, 15: 4}, LocalPort: 0x1234, RemotePort: 0x5678},
		fd:    0x01020304,
		watch: true,
	}
	decoded, err := decode(record)
	require.NoError(t, err)
	assert.Equal(t, expected, decoded)
	header, err := events.DecodeHeader(record)
	require.NoError(t, err)
	assert.Equal(t, events.TypeSocket, header.Type)

	_, err = decode(record[:len(record)-1])
	assert.ErrorContains(t, err, "is shorter than")
}
