// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// action is something that a service does for a request.
type action func(s *service, ctx context.Context, r request) error

// actions are what a request can have done, by name. Those of nested.go make calls in the middle of others.
var actions = map[string]action{
	"sql":  func(s *service, ctx context.Context, r request) error { return query(ctx, s.db, r) },
	"exec": func(s *service, ctx context.Context, r request) error { return execute(ctx, s.db, r) },
	"http": callHTTP,
	"grpc": callGRPC,

	"transaction": transaction,
	"rows":        whileRowsAreOpen,
	"stream":      whileStreamIsOpen,

	"intercepted":        intercepted,
	"intercepted_stream": interceptedStream,
	"authorized":         authorized,
	"querying_http":      queryingHTTP,
	"driver_http":        duringStatement(callHTTP),
	"driver_grpc":        duringStatement(callGRPC),
	"driver_authorized":  duringStatement(authorized),

	"wait": func(s *service, ctx context.Context, r request) error { return s.holds.of(r.id).wait(ctx) },
	"sql_held": func(s *service, ctx context.Context, r request) error {
		return query(withDuring(ctx, s.holds.of(r.id).wait), s.db, r)
	},
}

func callHTTP(s *service, ctx context.Context, r request) error {
	return s.peer.get(ctx, s.peer.client, r)
}

func callGRPC(s *service, ctx context.Context, r request) error {
	return s.peer.invoke(ctx, s.peer.channel, r)
}

// querier is a database, or one of its transactions.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

func query(ctx context.Context, q querier, r request) error {
	rows, err := q.QueryContext(ctx, "SELECT number FROM orders WHERE request = "+r.id+" AND pause = ?", int64(r.pause))
	if err != nil {
		return err
	}
	return read(rows)
}

func read(rows *sql.Rows) error {
	defer rows.Close()
	for rows.Next() {
		var number int
		if err := rows.Scan(&number); err != nil {
			return err
		}
	}
	return rows.Err()
}

func execute(ctx context.Context, q querier, r request) error {
	_, err := q.ExecContext(ctx, "UPDATE orders SET pause = ? WHERE request = "+r.id, int64(r.pause))
	return err
}

// inBackground queries again and again, and has to do with no request.
func (s *service) inBackground(interval time.Duration) {
	for i := 0; ; i++ {
		if err := query(context.Background(), s.db, request{id: fmt.Sprintf("-%d", i+1)}); err != nil {
			panic(err)
		}
		time.Sleep(interval)
	}
}
