// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"time"
)

// The driver has no database: every statement takes the time that its one argument says, in nanoseconds, and a query
// has two rows. What else it does in the middle of a statement says the statement's context (withDuring).
func init() { sql.Register("together", togetherDriver{}) }

type duringKey struct{}

// withDuring has the driver call do in the middle of a statement.
func withDuring(ctx context.Context, do func(context.Context) error) context.Context {
	return context.WithValue(ctx, duringKey{}, do)
}

type togetherDriver struct{}

func (togetherDriver) Open(string) (driver.Conn, error) { return conn{}, nil }

type conn struct{}

var errNotNeeded = errors.New("the driver has no such method")

func (conn) Prepare(string) (driver.Stmt, error) { return nil, errNotNeeded }
func (conn) Begin() (driver.Tx, error)           { return nil, errNotNeeded }
func (conn) Close() error                        { return nil }

func (conn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return conn{}, nil }
func (conn) Commit() error                                                { return nil }
func (conn) Rollback() error                                              { return nil }

func (conn) QueryContext(ctx context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	return &rows{left: 2}, perform(ctx, args)
}

func (conn) ExecContext(ctx context.Context, _ string, args []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), perform(ctx, args)
}

func perform(ctx context.Context, args []driver.NamedValue) error {
	time.Sleep(time.Duration(args[0].Value.(int64)))
	if during, is := ctx.Value(duringKey{}).(func(context.Context) error); is {
		return during(ctx)
	}
	return nil
}

// rows are rows of one column.
type rows struct{ left int64 }

func (*rows) Columns() []string { return []string{"number"} }
func (*rows) Close() error      { return nil }
func (r *rows) Next(values []driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	values[0] = r.left
	r.left--
	return nil
}
