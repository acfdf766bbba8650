// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// A statement that runs when its context ends has a span that ends with it, and an error.
func TestSQLCancelled(t *testing.T) {
	p := targettest.StartPostgres(t)
	// Long enough for the statement to run, for PostgreSQL takes no notice of a cancellation that comes before.
	const sleep, after = "SELECT pg_sleep(60)", 250 * time.Millisecond
	for _, version := range sqlVersions() {
		build := sqlBuild(version, true, true)
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, driver := range []string{"postgres", "pgx"} {
				for _, test := range []struct {
					steps []sqlStep
					spans int // with those of the steps before and of the end
				}{
					{[]sqlStep{{Do: "query", Query: sleep, Timeout: after.String()}}, 1},
					{[]sqlStep{{Do: "exec", Query: sleep, CancelAfter: after.String()}}, 1},
					{[]sqlStep{{Do: "conn"}, {Do: "query_row", On: "conn", Query: sleep, CancelAfter: after.String()}}, 1},
					{[]sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: sleep, Timeout: after.String()}}, 3},
					{[]sqlStep{{Do: "prepare", Query: sleep}, {Do: "query", On: "stmt", Timeout: after.String()}}, 1},
				} {
					results := x.DoSQL(targettest.SQLCommand{Driver: driver, DSN: p.DSN(), Steps: test.steps})
					require.Len(t, results, 1)
					assert.NotEmpty(t, results[0][len(results[0])-1].Error)
					spans := c.next(x, test.spans)
					require.Len(t, spans, test.spans, "%s %v: %v", driver, test.steps, spans)
					s := spans[0]
					if test.spans == 3 {
						assert.Equal(t, []string{"BEGIN", "ROLLBACK"}, []string{spans[0].Name(), spans[2].Name()})
						s = spans[1]
					}
					assert.Equal(t, "SELECT pg_sleep(?)", s.attribute("db.query.text"))
					assert.Equal(t, ptrace.StatusCodeError, s.Status().Code(), "%v", s)
					assert.NotNil(t, s.attribute("error.type"), "%v", s)
					took := s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime())
					assert.True(t, took >= after && took < patience/2, "%v", took)
				}
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
