// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The sizes of the tables in a layout, CONNECTORS_MAX and ERRORS_MAX in
// bpf/databasesql.bpf.c.
const (
	maxConnectors = 24
	maxErrors     = 16
)

// connectorLayout is struct connector_layout.
type connectorLayout struct {
	Type                             uint64
	Pointer, Source, Database, Extra uint16
	Port                             uint16
	PortSize, Driver                 uint8
	Padding                          [2]uint16
}

// errorLayout is struct error_layout.
type errorLayout struct {
	Type         uint64
	Offset, Kind uint16
	Padding      uint32
}

// layout is struct database_sql_layout.
type layout struct {
	DSNConnector       uint64
	Connectors         [maxConnectors]connectorLayout
	Errors             [maxErrors]errorLayout
	DBConnector        uint16
	ConnDB             uint16
	TxDB, TxDone       uint16
	TxContext          uint16
	StmtDB, StmtQuery  uint16
	DSNConnectorDSN    uint16
	DSNConnectorDriver uint16
	Padding            [3]uint16
}

// typeDSNConnector is the connector that sql.Open makes for a driver that has none itself.
const typeDSNConnector = "database/sql.dsnConnector"

// wants lists the fields of database/sql that are read, of those of its types that the
// functions to probe belong to.
func (l *layout) wants(conn, tx, stmt bool) []instrument.Want {
	want := func(structName, field string, offset *uint16) instrument.Want {
		return instrument.Want{Field: gobinary.Field{Package: "database/sql", Struct: structName, Field: field}, Offset: offset}
	}
	wants := []instrument.Want{
		want("DB", "connector", &l.DBConnector),
		want("dsnConnector", "dsn", &l.DSNConnectorDSN),
		want("dsnConnector", "driver", &l.DSNConnectorDriver),
	}
	if conn {
		wants = append(wants, want("Conn", "db", &l.ConnDB))
	}
	if tx {
		wants = append(wants, want("Tx", "db", &l.TxDB), want("Tx", "done", &l.TxDone), want("Tx", "ctx", &l.TxContext))
	}
	if stmt {
		wants = append(wants, want("Stmt", "db", &l.StmtDB), want("Stmt", "query", &l.StmtQuery))
	}
	return wants
}

// newLayout returns a layout without any field.
func newLayout() layout {
	var l layout
	instrument.Resolve(l.wants(true, true, true), nil)
	return l
}
