// SPDX-License-Identifier: Apache-2.0

package databasesql

const pkg = "database/sql."

// The functions that the ends of operations are found in or by.
const (
	retry            = pkg + "(*DB).retry"
	queryDC          = pkg + "(*DB).queryDC"
	execDC           = pkg + "(*DB).execDC"
	beginDC          = pkg + "(*DB).beginDC"
	pingDC           = pkg + "(*DB).pingDC"
	initContextClose = pkg + "(*Rows).initContextClose"
	releaseConn      = pkg + "(*Conn).closemuRUnlockCondReleaseConn-fm"
	releaseTx        = pkg + "(*Tx).closemuRUnlockRelease-fm"
	errorsIs         = "errors.Is"
	newproc          = "runtime.newproc"
	gopanic          = "runtime.gopanic"
	recovery         = "runtime.recovery"
	goexit           = "runtime.Goexit"
)

// The programs that start spans, and the variants that say what of. What an operation is
// asked of is enum receiver, the kind of a transaction's is enum transaction.
const (
	statementStart   = "sql_statement_start"
	transactionStart = "sql_transaction_start"
	pingStart        = "sql_ping_start"

	receiverDB   = 0
	receiverConn = 1
	receiverTx   = 2
	receiverStmt = 3

	beginDB   = 0
	beginConn = 1
	commit    = 2
	rollback  = 3
)

// operation is a function that a span is for.
type operation struct {
	name            string
	instrumentation string
	start           string // the program
	variant         int
	results         int // words of results before the error
	// calls are the functions that it must call: where one is inlined, the ends in it
	// have no sites.
	calls []string
	ends  []end
}

var operations = []operation{
	{pkg + "(*DB).QueryContext", statement, statementStart, receiverDB, 1, []string{retry}, []end{attempted, failed}},
	{pkg + "(*DB).ExecContext", statement, statementStart, receiverDB, 2, []string{retry}, []end{attempted, failed}},
	{pkg + "(*Stmt).QueryContext", statement, statementStart, receiverStmt, 1, []string{retry}, []end{attempted, failed}},
	{pkg + "(*Stmt).ExecContext", statement, statementStart, receiverStmt, 2, []string{retry}, []end{attempted, failed}},
	{pkg + "(*Conn).QueryContext", statement, statementStart, receiverConn, 1, []string{queryDC}, []end{queried, releasedConn}},
	{pkg + "(*Conn).ExecContext", statement, statementStart, receiverConn, 2, []string{execDC}, []end{releasedConn}},
	{pkg + "(*Tx).QueryContext", statement, statementStart, receiverTx, 1, []string{queryDC}, []end{queried, releasedTx}},
	{pkg + "(*Tx).ExecContext", statement, statementStart, receiverTx, 2, []string{execDC}, []end{releasedTx}},

	{pkg + "(*DB).BeginTx", transaction, transactionStart, beginDB, 1, []string{retry}, []end{begun, failed}},
	{pkg + "(*Conn).BeginTx", transaction, transactionStart, beginConn, 1, []string{beginDC}, []end{begun, notBegun}},
	{pkg + "(*Tx).Commit", transaction, transactionStart, commit, 0, []string{errorsIs}, []end{committed}},
	{pkg + "(*Tx).rollback", transaction, transactionStart, rollback, 0, []string{errorsIs}, []end{rolledBack}},

	{pkg + "(*DB).PingContext", ping, pingStart, receiverDB, 0, []string{retry, pingDC}, []end{pinged, failed}},
	{pkg + "(*Conn).PingContext", ping, pingStart, receiverConn, 0, []string{pingDC}, []end{pinged}},
}

func functionNames() []string {
	names := []string{
		retry, queryDC, execDC, beginDC, pingDC, initContextClose, releaseConn, releaseTx,
		errorsIs, newproc, gopanic, recovery, goexit,
	}
	for _, operation := range operations {
		names = append(names, operation.name)
	}
	return names
}
