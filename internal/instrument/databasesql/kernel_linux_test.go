// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package databasesql

import (
	"testing"

	"github.com/cilium/ebpf/btf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestLayoutOfKernelSide(t *testing.T) {
	spec, err := Library().Programs()
	require.NoError(t, err)
	m := spec.Maps[Library().LayoutMap()]
	require.NotNil(t, m)
	assert.Equal(t, "database_sql_layout", m.Value.(*btf.Struct).Name)
	kerneltest.CheckStruct(t, spec, "database_sql_layout", layout{})
}

func kernelSide(t *testing.T) kerneltest.Source {
	return kerneltest.ReadSource(t, "include/memory.h", "include/scratch.h", "include/event.h", "databasesql.bpf.c")
}

func TestNumbersOfKernelSide(t *testing.T) {
	numbers := kernelSide(t).Numbers
	for name, number := range map[string]int{
		"OPERATION_SQL_STATEMENT":   int(operationStatement),
		"OPERATION_SQL_TRANSACTION": int(operationTransaction),
		"OPERATION_SQL_PING":        int(operationPing),
		"CONNECTORS_MAX":            maxConnectors,
		"ERRORS_MAX":                maxErrors,
		"CODE_STRING":               codeString,
		"CODE_UINT16":               codeUint16,
		"CODE_INT32":                codeInt32,
		"CODE_INT64":                codeInt64,
		"CODE_WRAPPED":              codeWrapped,
		"RECEIVER_DB":               receiverDB,
		"RECEIVER_CONN":             receiverConn,
		"RECEIVER_TX":               receiverTx,
		"RECEIVER_STMT":             receiverStmt,
		"TRANSACTION_BEGIN_DB":      beginDB,
		"TRANSACTION_BEGIN_CONN":    beginConn,
		"TRANSACTION_COMMIT":        commit,
		"TRANSACTION_ROLLBACK":      rollback,
		"END_ATTEMPT":               endAttempt,
		"END_FAILED":                endFailed,
		"END_VERDICT":               endVerdict,
		"END_LAST_ATTEMPT":          endLastAttempt,
		"END_RELEASE":               endRelease,
		"END_RESULT":                endResult,
		"END_PART":                  endPart,
		"SUCCESS_TRANSACTION":       successTransaction,
		"SUCCESS_STATEMENT":         successStatement,
		"SUCCESS_RESULT":            successResult,
	} {
		require.Contains(t, numbers, name)
		assert.Equal(t, numbers[name], number, name)
	}
}

// TestTextFits holds the limits of the kernel side to what statements are to have: 8 KiB,
// behind all other strings of the event at their longest.
func TestTextFits(t *testing.T) {
	numbers := kernelSide(t).Numbers
	assert.Equal(t, 8192, numbers["TEXT_MAX"])
	assert.GreaterOrEqual(t, numbers["STRING_MAX"], numbers["TEXT_MAX"])
	_, size := kernelSide(t).Struct(t, "sql_start")
	assert.LessOrEqual(t, size+numbers["SOURCE_MAX"]+2*numbers["NAME_MAX"], numbers["EVENT_STRINGS_MAX"])
}

func TestStartOfKernelSide(t *testing.T) {
	record := kernelSide(t).Record(t, "sql_start", map[string]uint64{
		"start.event.operation": 6, "text_length": 5, "port": 77, "driver": 2, "transaction": 3,
		"lengths[0]": 1, "lengths[1]": 2, "lengths[2]": 3, "lengths[3]": 4,
	})
	record = append(record, "sdaexttext..."...)
	decoded := instrumenttest.DecodeStart(t, record)
	assert.Equal(t, operationTransaction, decoded.Operation)
	body, err := decodeStart(events.NewBody(decoded.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, start{
		connection: connection{text: []byte("s"), database: []byte("da"), extra: []byte("ext"), port: 77},
		query:      []byte("text"), cut: true, kind: &connectorKinds[1], transaction: rollback,
	}, body)
}

func TestEndOfKernelSide(t *testing.T) {
	record := kernelSide(t).Record(t, "sql_end", map[string]uint64{"end.has_error": 1, "end.error_type": 0xabc, "code_length": 5})
	end := instrumenttest.DecodeEnd(t, append(record, "23505..."...))
	assert.True(t, end.HasError)
	assert.Equal(t, uint64(0xabc), end.ErrorType)
	body, err := decodeEnd(events.NewBody(end.Body, nil))
	require.NoError(t, err)
	assert.Equal(t, result{code: "23505"}, body)

	record = kernelSide(t).Record(t, "sql_end", map[string]uint64{"number": 1<<64 - 5, "has_number": 1})
	body, err = decodeEnd(events.NewBody(instrumenttest.DecodeEnd(t, record).Body, nil))
	require.NoError(t, err)
	assert.Equal(t, result{code: "-5"}, body)
}
