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
	queryDB          = pkg + "(*DB).query"
	execDB           = pkg + "(*DB).exec"
	queryFunc        = pkg + "(*DB).QueryContext.func1" // what retry is given
	execFunc         = pkg + "(*DB).ExecContext.func1"
	stmtQueryFunc    = pkg + "(*Stmt).QueryContext.func1"
	stmtExecFunc     = pkg + "(*Stmt).ExecContext.func1"
	initContextClose = pkg + "(*Rows).initContextClose"

	resultFromStatement = pkg + "resultFromStatement"
	releaseConn         = pkg + "(*Conn).closemuRUnlockCondReleaseConn-fm"
	releaseTx           = pkg + "(*Tx).closemuRUnlockRelease-fm"
	errorsIs            = "errors.Is"
	newproc             = "runtime.newproc"
	lockRW              = "sync.(*RWMutex).Lock"
	lockClosing         = pkg + "(*closingMutex).Lock" // from Go 1.27
	gopanic             = "runtime.gopanic"
	recovery            = "runtime.recovery"
	goexit              = "runtime.Goexit"
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
	// begins are the functions at whose call it starts, instead of at its entry.
	begins []string
}

var operations = []operation{
	{pkg + "(*DB).QueryContext", statement, statementStart, receiverDB, 1, []string{retry}, []end{queriedDB, failed}, nil},
	{pkg + "(*DB).ExecContext", statement, statementStart, receiverDB, 2, []string{retry}, []end{executedDB, failed}, nil},
	{pkg + "(*Stmt).QueryContext", statement, statementStart, receiverStmt, 1, []string{retry}, []end{queriedStmt, failed}, nil},
	{pkg + "(*Stmt).ExecContext", statement, statementStart, receiverStmt, 2, []string{retry}, []end{executedStmt, failed}, nil},
	{pkg + "(*Conn).QueryContext", statement, statementStart, receiverConn, 1, []string{queryDC}, []end{queried, releasedConn}, nil},
	{pkg + "(*Conn).ExecContext", statement, statementStart, receiverConn, 2, []string{execDC}, []end{releasedConn}, nil},
	{pkg + "(*Tx).QueryContext", statement, statementStart, receiverTx, 1, []string{queryDC}, []end{queried, releasedTx}, nil},
	{pkg + "(*Tx).ExecContext", statement, statementStart, receiverTx, 2, []string{execDC}, []end{releasedTx}, nil},

	{pkg + "(*DB).BeginTx", transaction, transactionStart, beginDB, 1, []string{retry}, []end{begun, failed}, nil},
	{pkg + "(*Conn).BeginTx", transaction, transactionStart, beginConn, 1, []string{beginDC}, []end{begun, notBegun}, nil},
	{pkg + "(*Tx).Commit", transaction, transactionStart, commit, 0, []string{errorsIs}, []end{committed}, nil},
	{pkg + "(*Tx).rollback", transaction, transactionStart, rollback, 0, []string{errorsIs}, []end{rolledBack}, []string{lockRW, lockClosing}},

	{pkg + "(*DB).PingContext", ping, pingStart, receiverDB, 0, []string{retry, pingDC}, []end{pinged, failed}, nil},
	{pkg + "(*Conn).PingContext", ping, pingStart, receiverConn, 0, []string{pingDC}, []end{pinged}, nil},
}

func functionNames() []string {
	names := []string{
		retry, queryDC, execDC, beginDC, pingDC, queryDB, execDB, queryFunc, execFunc, stmtQueryFunc, stmtExecFunc,
		initContextClose, resultFromStatement, releaseConn, releaseTx,
		errorsIs, newproc, lockRW, lockClosing, gopanic, recovery, goexit,
	}
	return append(names, operationNames()...)
}

func operationNames() []string {
	names := make([]string, len(operations))
	for i, operation := range operations {
		names[i] = operation.name
	}
	return names
}
