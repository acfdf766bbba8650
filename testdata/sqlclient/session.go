// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// session is what the steps of one repetition have made so far.
type session struct {
	db     *sql.DB
	number int

	conn *sql.Conn
	tx   *sql.Tx
	stmt *sql.Stmt
	rows *sql.Rows

	mu      sync.Mutex
	cancels []context.CancelFunc // of the contexts of all steps, on which transactions and rows depend
}

// end gives back what steps have left open.
func (s *session) end() {
	if s.rows != nil {
		s.rows.Close()
	}
	if s.stmt != nil {
		s.stmt.Close()
	}
	if s.tx != nil {
		s.tx.Rollback() // does nothing if it is over
	}
	if s.conn != nil {
		s.conn.Close()
	}
	for _, cancel := range s.cancels {
		cancel()
	}
}

// perform performs a step where it says, and waits for it.
func (s *session) perform(ctx context.Context, next step) (results []result) {
	switch next.Do {
	case "parallel":
		return s.parallel(ctx, next.Steps)
	case "later":
		go func() {
			<-ctx.Done()
			later := &session{db: s.db, number: s.number}
			defer later.end()
			for _, next := range next.Steps {
				later.perform(context.Background(), next)
			}
		}()
		return []result{{}}
	}
	r := result{Error: "it did not return"} // but ended its goroutine
	runAt(next.Where, func() {
		descend(next.Depth, func() { r = s.result(ctx, next) })
	})
	return []result{r}
}

// parallel performs steps at the same time, each on a goroutine of its own.
func (s *session) parallel(ctx context.Context, steps []step) (results []result) {
	each := make([][]result, len(steps))
	var running sync.WaitGroup
	for i, next := range steps {
		running.Add(1)
		go func(i int, next step) {
			defer running.Done()
			each[i] = s.perform(ctx, next)
		}(i, next)
	}
	running.Wait()
	for _, some := range each {
		results = append(results, some...)
	}
	return results
}

func (s *session) result(ctx context.Context, next step) (r result) {
	if next.Recover {
		defer func() {
			if reason := recover(); reason != nil {
				r.Error = fmt.Sprint("recovered: ", reason)
			}
		}()
	}
	ctx, cancel, err := next.context(ctx)
	if err != nil {
		return result{Error: err.Error()}
	}
	s.mu.Lock()
	s.cancels = append(s.cancels, cancel)
	s.mu.Unlock()
	if r.Rows, err = s.do(ctx, next); err != nil {
		r.Error = err.Error()
	}
	return r
}

// do performs a step, and returns how many rows it read.
func (s *session) do(ctx context.Context, next step) (n int, err error) {
	switch on := next.On; next.Do {
	case "query", "query_row", "exec", "prepare":
		return s.statement(ctx, next)
	case "conn":
		s.conn, err = s.db.Conn(ctx)
	case "begin":
		s.tx, err = s.begin(ctx, next)
	case "commit":
		err = s.tx.Commit()
	case "rollback":
		err = s.tx.Rollback()
	case "stmt": // the transaction's own of a statement that was prepared elsewhere
		s.stmt = s.tx.StmtContext(ctx, s.stmt)
	case "ping":
		if on == "conn" {
			err = s.conn.PingContext(ctx)
		} else if next.Plain {
			err = s.db.Ping()
		} else {
			err = s.db.PingContext(ctx)
		}
	case "close":
		err = s.close(on)
	default:
		err = fmt.Errorf("no step %q", next.Do)
	}
	return n, err
}

func (s *session) begin(ctx context.Context, next step) (*sql.Tx, error) {
	if next.On == "conn" {
		return s.conn.BeginTx(ctx, nil)
	}
	if next.Plain {
		return s.db.Begin()
	}
	return s.db.BeginTx(ctx, nil)
}

func (s *session) close(what string) error {
	switch what {
	case "rows":
		return s.rows.Close()
	case "stmt":
		return s.stmt.Close()
	case "conn":
		return s.conn.Close()
	case "db":
		databases.forget(s.db)
		return s.db.Close()
	}
	return fmt.Errorf("%q cannot be closed", what)
}

// query is the statement of a step, for this repetition.
func (s *session) query(next step) string {
	if next.Query == "{constant}" {
		return constantStatement()
	}
	return strings.ReplaceAll(next.Query, "{n}", strconv.Itoa(s.number))
}

// values are the arguments of a step, with integers where the command has them.
func (next step) values() ([]any, error) {
	values := make([]any, len(next.Args))
	for i, arg := range next.Args {
		number, isNumber := arg.(json.Number)
		if !isNumber {
			values[i] = arg
			continue
		}
		integer, err := number.Int64()
		if err != nil {
			return nil, err
		}
		values[i] = integer
	}
	return values, nil
}
