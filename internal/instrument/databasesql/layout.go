// SPDX-License-Identifier: Apache-2.0

package databasesql

import "github.com/ebpfgo/ebpfgoreceiver/internal/instrument"

// The sizes of the tables in a layout, CONNECTORS_MAX and ERRORS_MAX in
// bpf/databasesql.bpf.c.
const (
	maxConnectors = 32
	maxErrors     = 24
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
	TxCloseMu          uint16
	StmtDB, StmtQuery  uint16
	DSNConnectorDSN    uint16
	DSNConnectorDriver uint16
	GSigcode0, PanicSP uint16
}

// typeDSNConnector is the connector that sql.Open makes for a driver that has none itself.
const typeDSNConnector = "database/sql.dsnConnector"

func want(pkg, structName, field string, offset *uint16) instrument.Want {
	return instrument.At(offset, pkg, structName, field)
}

// wants lists the fields of database/sql that are read, of those of its types that the
// functions to probe belong to.
func (l *layout) wants(conn, tx, stmt bool) []instrument.Want {
	const sql = "database/sql"
	wants := []instrument.Want{
		want(sql, "DB", "connector", &l.DBConnector),
		want(sql, "dsnConnector", "dsn", &l.DSNConnectorDSN),
		want(sql, "dsnConnector", "driver", &l.DSNConnectorDriver),
	}
	if conn {
		wants = append(wants, want(sql, "Conn", "db", &l.ConnDB))
	}
	if tx {
		wants = append(wants, want(sql, "Tx", "db", &l.TxDB), want(sql, "Tx", "done", &l.TxDone), want(sql, "Tx", "ctx", &l.TxContext),
			want(sql, "Tx", "closemu", &l.TxCloseMu))
	}
	if stmt {
		wants = append(wants, want(sql, "Stmt", "db", &l.StmtDB), want(sql, "Stmt", "query", &l.StmtQuery))
	}
	return wants
}

// recoveryWants lists where the runtime keeps the frame that a recovered panic goes on in.
func (l *layout) recoveryWants(minor int) []instrument.Want {
	if minor < 22 {
		return []instrument.Want{want("runtime", "g", "sigcode0", &l.GSigcode0)}
	}
	return []instrument.Want{want("runtime", "_panic", "sp", &l.PanicSP)}
}

// newLayout returns a layout without any field.
func newLayout() layout {
	var l layout
	instrument.Resolve(l.wants(true, true, true), nil)
	l.GSigcode0, l.PanicSP = instrument.Missing, instrument.Missing
	return l
}
