// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strconv"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// start is struct sql_start behind its start_event. Its bytes point into the event.
type start struct {
	connection
	query       []byte
	cut         bool           // query is the beginning of a longer one
	kind        *connectorKind // nil: a driver that is not known
	transaction uint8
}

func decodeStart(b events.Body) (start, error) {
	var s start
	length := uint64(b.Int64())
	s.port = int(b.Int64())
	driver := b.Uint8()
	s.transaction = b.Uint8()
	b.Bytes(6)
	b.Texts(&s.text, &s.database, &s.extra, &s.query)
	s.cut = uint64(len(s.query)) < length
	if driver > 0 && int(driver) <= len(connectorKinds) {
		s.kind = &connectorKinds[driver-1]
	}
	return s, b.Err()
}

// result is struct sql_end behind its end_event.
type result struct {
	code string // of the error; "" if it has none
}

func decodeEnd(b events.Body) (result, error) {
	if b.Empty() {
		return result{}, nil // the operation did not finish
	}
	number := b.Int64()
	isNumber := b.Uint8() != 0
	b.Bytes(5)
	r := result{code: string(b.Text(b.Uint16()))}
	if isNumber {
		r.code = strconv.FormatInt(number, 10)
	}
	return r, b.Err()
}
