// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
)

// The methods that a DB, a Conn and a Tx have in common, and those that a DB and a Tx do.
type (
	executor interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
	plainExecutor interface {
		Query(query string, args ...any) (*sql.Rows, error)
		QueryRow(query string, args ...any) *sql.Row
		Exec(query string, args ...any) (sql.Result, error)
	}
	preparer interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
)

// prepared is a statement as an executor, whose text is the one that it was prepared with.
type prepared struct{ stmt *sql.Stmt }

func (p prepared) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return p.stmt.QueryContext(ctx, args...)
}
func (p prepared) QueryRowContext(ctx context.Context, _ string, args ...any) *sql.Row {
	return p.stmt.QueryRowContext(ctx, args...)
}
func (p prepared) ExecContext(ctx context.Context, _ string, args ...any) (sql.Result, error) {
	return p.stmt.ExecContext(ctx, args...)
}
func (p prepared) Query(_ string, args ...any) (*sql.Rows, error) { return p.stmt.Query(args...) }
func (p prepared) QueryRow(_ string, args ...any) *sql.Row        { return p.stmt.QueryRow(args...) }
func (p prepared) Exec(_ string, args ...any) (sql.Result, error) { return p.stmt.Exec(args...) }

// on is what a step is performed with, nil if there is no such thing.
func (s *session) on(what string) any {
	switch {
	case what == "" || what == "db":
		return s.db
	case what == "conn" && s.conn != nil:
		return s.conn
	case what == "tx" && s.tx != nil:
		return s.tx
	case what == "stmt" && s.stmt != nil:
		return prepared{s.stmt}
	}
	return nil
}

// statement performs a step that has a statement, and returns how many rows it read.
func (s *session) statement(ctx context.Context, next step) (n int, err error) {
	args, err := next.values()
	if err != nil {
		return 0, err
	}
	query, on := s.query(next), s.on(next.On)
	if next.Do == "prepare" {
		if on, is := on.(preparer); is {
			s.stmt, err = on.PrepareContext(ctx, query)
			return 0, err
		}
	}
	if next.Plain {
		if on, is := on.(plainExecutor); is {
			return s.plain(on, next, query, args)
		}
	} else if on, is := on.(executor); is {
		return s.withContext(ctx, on, next, query, args)
	}
	return 0, fmt.Errorf("%s on %q: there is none, or it has no such method", next.Do, next.On)
}

func (s *session) withContext(ctx context.Context, on executor, next step, query string, args []any) (int, error) {
	switch next.Do {
	case "query":
		rows, err := on.QueryContext(ctx, query, args...)
		return s.read(next, rows, err)
	case "query_row":
		return scan(on.QueryRowContext(ctx, query, args...))
	default:
		_, err := on.ExecContext(ctx, query, args...)
		return 0, err
	}
}

func (s *session) plain(on plainExecutor, next step, query string, args []any) (int, error) {
	switch next.Do {
	case "query":
		rows, err := on.Query(query, args...)
		return s.read(next, rows, err)
	case "query_row":
		return scan(on.QueryRow(query, args...))
	default:
		_, err := on.Exec(query, args...)
		return 0, err
	}
}

// read reads the rows of a query to the end, or keeps them for later steps.
func (s *session) read(next step, rows *sql.Rows, err error) (n int, _ error) {
	if err != nil {
		return 0, err
	}
	if next.Keep {
		s.rows = rows
		return 0, nil
	}
	defer rows.Close()
	for rows.Next() {
		n++
	}
	return n, rows.Err()
}

// scan reads a row of one column.
func scan(row *sql.Row) (int, error) {
	var value any
	if err := row.Scan(&value); err != nil {
		return 0, err
	}
	return 1, nil
}
