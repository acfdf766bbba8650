// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lib/pq"
)

// behaviour is what the calls of a fake driver do. Its DSN is "do?at=call&n=number&d=duration&url=url".
type behaviour struct {
	do    string        // what act does, "ok" for nothing
	at    string        // the call that does it: "connect", "ping", "begin", "commit", "rollback", "prepared", "next", or else "statement"
	n     int64         // of "bad_conn": calls that fail before one does not
	d     time.Duration // of "sleep"
	url   string        // of "http"
	calls atomic.Int64
}

// fakeError is an error of a driver's own type.
type fakeError struct{ reason string }

func (e *fakeError) Error() string { return e.reason }

func parseBehaviour(dsn string) (*behaviour, error) {
	parsed, err := url.Parse(dsn)
	if err != nil {
		return nil, err
	}
	query := parsed.Query()
	b := &behaviour{do: parsed.Path, at: query.Get("at"), url: query.Get("url")}
	if b.at == "" {
		b.at = "statement"
	}
	if n := query.Get("n"); n != "" {
		if b.n, err = strconv.ParseInt(n, 10, 64); err != nil {
			return nil, err
		}
	}
	if d := query.Get("d"); d != "" {
		if b.d, err = time.ParseDuration(d); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// act does in a call what the DSN says.
func (b *behaviour) act(ctx context.Context, at string) error {
	if b.at != at {
		return nil
	}
	switch b.do {
	case "ok":
		return nil
	case "bad_conn":
		if b.calls.Add(1)%(b.n+1) != 0 {
			return driver.ErrBadConn
		}
		return nil
	case "skip":
		return driver.ErrSkip
	case "error":
		return &fakeError{"a driver that fails"}
	case "wrapped":
		return fmt.Errorf("a driver around another one: %w", &pq.Error{Severity: "ERROR", Code: "23505", Message: "duplicate key"})
	case "panic":
		panic(&fakeError{"a driver that panics"})
	case "goexit":
		runtime.Goexit()
	case "sleep":
		time.Sleep(b.d)
		return nil
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "http":
		return b.get(ctx)
	case "nested":
		return nested(ctx)
	}
	return fmt.Errorf("no behaviour %q", b.do)
}

// get makes an HTTP request, as a driver does whose database speaks HTTP.
func (b *behaviour) get(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// nested runs a statement inside of the driver's call, as a driver does that keeps its state in a database.
func nested(ctx context.Context) error {
	db, err := databases.open(command{Driver: "fake", DSN: "ok"})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM cache")
	return err
}
