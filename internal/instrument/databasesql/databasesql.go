// SPDX-License-Identifier: Apache-2.0

// Package databasesql traces database/sql, whatever the driver: one client span per
// statement, per begin, commit and rollback of a transaction, and per ping.
package databasesql

import (
	"fmt"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The instrumentations, as the configuration names them.
const (
	statement   = "database_sql"
	transaction = "database_sql_transaction"
	ping        = "database_sql_ping"
)

// The operations of their events, OPERATION_… in bpf/databasesql.bpf.c.
const (
	operationStatement   events.Operation = 5
	operationTransaction events.Operation = 6
	operationPing        events.Operation = 7
)

// What db.query.text says of a statement.
const (
	queryText = "query_text"

	textSanitized = "sanitized" // without its literals and comments
	textRaw       = "raw"
	textOff       = "off"
)

type library struct {
	statements *statementCache
	servers    *serverCache
}

// Library returns the library. Its spans are made on one goroutine.
func Library() instrument.Library { return library{newStatementCache(), newServerCache()} }

func (library) Name() string { return "databasesql" }

func (library) LayoutMap() string { return "database_sql_layouts" }

func (library) Instrumentations() []instrument.Instrumentation {
	return []instrument.Instrumentation{
		{Name: statement, Operation: operationStatement, Options: []instrument.Option{
			{Name: queryText, Values: []string{textSanitized, textRaw, textOff}},
		}},
		{Name: transaction, Operation: operationTransaction},
		{Name: ping, Operation: operationPing},
	}
}

func (l library) Span(r instrument.Record, span ptrace.Span) error {
	switch r.Start.Operation {
	case operationStatement, operationTransaction, operationPing:
		return l.clientSpan(r, span)
	}
	return fmt.Errorf("operation %d is not one of database/sql", r.Start.Operation)
}
