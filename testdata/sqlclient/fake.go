// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
)

// The two drivers without a database: one with the interfaces of today, and one as drivers were before
// contexts. What their calls do says the DSN (behaviour.go); statements have no meaning for them.
func init() {
	sql.Register("fake", fakeDriver{})
	sql.Register("fake_old", oldDriver{})
}

type fakeDriver struct{}

func (d fakeDriver) Open(dsn string) (driver.Conn, error) {
	connector, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return connector.Connect(context.Background())
}

func (d fakeDriver) OpenConnector(dsn string) (driver.Connector, error) {
	b, err := parseBehaviour(dsn)
	return &fakeConnector{driver: d, behaviour: b}, err
}

type fakeConnector struct {
	driver    fakeDriver
	behaviour *behaviour
}

func (c *fakeConnector) Driver() driver.Driver { return c.driver }

func (c *fakeConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.behaviour.act(ctx, "connect"); err != nil {
		return nil, err
	}
	return &fakeConn{c.behaviour}, nil
}

type fakeConn struct{ behaviour *behaviour }

func (c *fakeConn) Close() error                        { return nil }
func (c *fakeConn) Ping(ctx context.Context) error      { return c.behaviour.act(ctx, "ping") }
func (c *fakeConn) Prepare(string) (driver.Stmt, error) { return &fakeStmt{c.behaviour}, nil }
func (c *fakeConn) Begin() (driver.Tx, error)           { return nil, fmt.Errorf("BeginTx is there") }
func (c *fakeConn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	return &fakeTx{c.behaviour}, c.behaviour.act(ctx, "begin")
}

func (c *fakeConn) QueryContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Rows, error) {
	return &fakeRows{behaviour: c.behaviour, left: 1}, c.behaviour.act(ctx, "statement")
}

func (c *fakeConn) ExecContext(ctx context.Context, _ string, _ []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), c.behaviour.act(ctx, "statement")
}

type fakeStmt struct{ behaviour *behaviour }

func (s *fakeStmt) Close() error  { return nil }
func (s *fakeStmt) NumInput() int { return -1 }
func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) {
	return &fakeRows{behaviour: s.behaviour, left: 1}, s.behaviour.act(context.Background(), "prepared")
}
func (s *fakeStmt) Exec([]driver.Value) (driver.Result, error) {
	return driver.RowsAffected(1), s.behaviour.act(context.Background(), "prepared")
}

type fakeTx struct{ behaviour *behaviour }

func (t *fakeTx) Commit() error   { return t.behaviour.act(context.Background(), "commit") }
func (t *fakeTx) Rollback() error { return t.behaviour.act(context.Background(), "rollback") }

// fakeRows are rows of one column.
type fakeRows struct {
	behaviour *behaviour
	left      int
}

func (r *fakeRows) Columns() []string { return []string{"value"} }
func (r *fakeRows) Close() error      { return nil }
func (r *fakeRows) Next(values []driver.Value) error {
	if err := r.behaviour.act(context.Background(), "next"); err != nil {
		return err
	}
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	values[0] = int64(1)
	return nil
}

type oldDriver struct{}

func (oldDriver) Open(dsn string) (driver.Conn, error) {
	b, err := parseBehaviour(dsn)
	return oldConn{b}, err
}

type oldConn struct{ behaviour *behaviour }

func (c oldConn) Close() error                        { return nil }
func (c oldConn) Prepare(string) (driver.Stmt, error) { return &fakeStmt{c.behaviour}, nil }
func (c oldConn) Begin() (driver.Tx, error) {
	return &fakeTx{c.behaviour}, c.behaviour.act(context.Background(), "begin")
}
