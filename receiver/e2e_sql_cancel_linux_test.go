// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// A statement that runs when its context is cancelled has a span that ends with it, and an error.
func TestSQLCancelled(t *testing.T) {
	p := targettest.StartPostgres(t)
	const sleep = "SELECT pg_sleep(60)"
	for _, version := range sqlVersions() {
		build := sqlBuild(version, true, true)
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, driver := range []string{"postgres", "pgx"} {
				for i, test := range []struct {
					steps []sqlStep
					names []string // of the spans; pg_sleep's is the last SELECT
				}{
					{[]sqlStep{{Do: "query", Query: sleep}}, []string{"SELECT"}},
					{[]sqlStep{{Do: "exec", Query: sleep}}, []string{"SELECT"}},
					{[]sqlStep{{Do: "conn"}, {Do: "query_row", On: "conn", Query: sleep}}, []string{"SELECT"}},
					{[]sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: sleep}}, []string{"BEGIN", "SELECT", "ROLLBACK"}},
					{[]sqlStep{{Do: "prepare", Query: sleep}, {Do: "query", On: "stmt"}}, []string{"SELECT"}},
				} {
					application := fmt.Sprintf("cancelled-%d-%s-%d", x.PID(), driver, i)
					cancelStatement(t, x, p, application, targettest.SQLCommand{
						Driver: driver, DSN: p.DSN() + "&application_name=" + application, Steps: test.steps,
					})
					spans := c.next(x, 1+len(test.names))
					var names []string
					for _, s := range spans[1:] {
						names = append(names, s.Name())
						assert.True(t, s.isChildOf(spans[0]), "%v", s)
						if s.Name() == "SELECT" {
							assert.Equal(t, "SELECT pg_sleep(?)", s.attribute("db.query.text"))
							assert.Equal(t, ptrace.StatusCodeError, s.Status().Code(), "%v", s)
							assert.NotNil(t, s.attribute("error.type"), "%v", s)
							assert.Less(t, s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime()), patience)
						}
					}
					assert.Equal(t, test.names, names, "%s %v", driver, test.steps)
				}
			}
			c.nothingElseServed(x)
		})
	}
}

// cancelStatement has a target perform a command whose last statement sleeps, and goes away while it does.
func cancelStatement(t *testing.T, x *targettest.Target, p *targettest.Postgres, application string, command targettest.SQLCommand) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, x.URL()+"/run/cancelled?"+command.Form().Encode(), nil)
	require.NoError(t, err)
	client, failed := x.Client(), make(chan error)
	go func() {
		_, err := client.Do(request)
		failed <- err
	}()
	require.Eventually(t, func() bool {
		return p.Ask(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND application_name = '"+application+"'") == "1"
	}, patience, 10*interval)
	cancel()
	require.ErrorIs(t, <-failed, context.Canceled)
}

// A deadline ends a statement in the same way.
func TestSQLDeadline(t *testing.T) {
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, driver := range []string{"postgres", "pgx"} {
				// PostgreSQL takes no notice of a cancellation that comes before the statement: the time is generous.
				const after = 2 * time.Second
				results := x.DoSQL(targettest.SQLCommand{Driver: driver, DSN: p.DSN(), Steps: []sqlStep{
					{Do: "ping"}, {Do: "exec", Query: "SELECT pg_sleep(30)", Timeout: after.String()},
				}})
				require.Len(t, results, 1)
				assert.NotEmpty(t, results[0][1].Error)
				spans := c.next(x, 2)
				require.Len(t, spans, 2)
				assert.Equal(t, ptrace.StatusCodeError, spans[1].Status().Code())
				assert.NotNil(t, spans[1].attribute("error.type"))
				assert.GreaterOrEqual(t, spans[1].EndTimestamp().AsTime().Sub(spans[1].StartTimestamp().AsTime()), after)
			}
			c.nothingElseServed(x)
		})
	}
}

// database/sql itself rolls back a transaction whose context ends. That is a rollback like any other.
func TestSQLTransactionTimeout(t *testing.T) {
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, driver := range []string{"postgres", "pgx"} {
				results := x.ServeSQL("/run/timeout", targettest.SQLCommand{Driver: driver, DSN: p.DSN(), MaxOpen: 1, Steps: []sqlStep{
					{Do: "begin", Timeout: "100ms"},
					{Do: "exec", Query: "SELECT 1"}, // waits for the connection of the transaction
				}})
				require.Len(t, results, 1)
				assert.Equal(t, []targettest.SQLResult{{}, {}}, results[0])
				spans := c.next(x, 4)
				require.Len(t, spans, 4, "%v", spans)
				var names []string
				for _, s := range spans[1:] {
					names = append(names, s.Name())
					assert.True(t, s.isChildOf(spans[0]), "%v", s)
				}
				assert.Equal(t, []string{"BEGIN", "SELECT", "ROLLBACK"}, names)
			}
			c.nothingElseServed(x)
		})
	}
}

// A transaction that failed cannot be committed: what PostgreSQL answers is an error of each driver's own.
func TestSQLCommitOfFailedTransaction(t *testing.T) {
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, driver := range []string{"postgres", "pgx"} {
				results := x.DoSQL(targettest.SQLCommand{Driver: driver, DSN: p.DSN(), Steps: []sqlStep{
					{Do: "begin"}, {Do: "exec", On: "tx", Query: "DELETE FROM nothing"}, {Do: "commit"},
				}})
				require.Len(t, results, 1)
				require.NotEmpty(t, results[0][2].Error)
				spans := c.next(x, 3)
				require.Len(t, spans, 3, "%v", spans)
				assert.Equal(t, "42P01", spans[1].attribute("db.response.status_code"))
				assert.Equal(t, "COMMIT", spans[2].Name())
				assert.Equal(t, ptrace.StatusCodeError, spans[2].Status().Code())
				assert.NotNil(t, spans[2].attribute("error.type"))
			}
			c.nothingElseServed(x)
		})
	}
}
