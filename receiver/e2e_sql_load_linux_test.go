// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// Each statement has exactly one span, however many run at the same time or in a row.
func TestOneSpanPerStatement(t *testing.T) {
	p := targettest.StartPostgres(t)
	postgres := func(driver, query string) targettest.SQLCommand {
		return targettest.SQLCommand{Driver: driver, DSN: p.DSN(), MaxOpen: 50, N: 1000, Concurrency: 1000,
			Steps: []sqlStep{{Do: "query", Query: query}}}
	}
	fake := func(dsn string, n, concurrency int, step sqlStep) targettest.SQLCommand {
		step.Query = "SELECT value AS n{n}"
		return targettest.SQLCommand{Driver: "fake", DSN: dsn, N: n, Concurrency: concurrency, Steps: []sqlStep{step}}
	}
	for _, build := range driverBuilds() {
		for _, test := range []struct {
			name    string
			command targettest.SQLCommand
			options []targettest.Option
		}{
			{"1000 at once of lib pq", postgres("postgres", "SELECT pg_sleep(0.01) AS n{n}"), nil},
			{"1000 at once of pgx", postgres("pgx", "SELECT pg_sleep(0.01) AS n{n}"), []targettest.Option{targettest.GOMAXPROCS(8)}},
			{"1000 at once of a slow driver", fake("sleep?d=1s", 1000, 1000, sqlStep{Do: "exec"}), []targettest.Option{targettest.GOMAXPROCS(1)}},
			{"10000 in a row", fake("ok", 10000, 1, sqlStep{Do: "query_row"}), nil},
			{"10000 by eight", fake("ok", 10000, 8, sqlStep{Do: "query"}), []targettest.Option{targettest.GOMAXPROCS(8)}},
			{"bad connections", fake("bad_conn?n=1", 1000, 1, sqlStep{Do: "exec"}), nil},
			{"growing stacks", fake("ok", 1000, 50, sqlStep{Do: "query", Where: "goroutine", Depth: 300}), []targettest.Option{targettest.Env("GOGC=10")}},
			{"garbage collection", fake("ok", 2000, 20, sqlStep{Do: "query", Where: "goroutine", Depth: 50}), []targettest.Option{targettest.GOMAXPROCS(8), targettest.Env("GOGC=1", "GODEBUG=gccheckmark=1")}},
			{"panics", fake("panic", 1000, 20, sqlStep{Do: "query", Recover: true}), nil},
			{"goexits", fake("goexit", 1000, 20, sqlStep{Do: "query", Where: "goroutine"}), nil},
		} {
			t.Run(build.Go+" "+test.name, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				x := c.start(build, test.options...)
				failed := 0
				for _, results := range x.DoSQL(test.command) {
					if results[0].Error != "" {
						failed++
					}
				}
				ends := test.name != "panics" && test.name != "goexits"
				assert.Equal(t, !ends, failed > 0, "%d failed", failed)
				checkStatements(t, c.gather(x, test.command.N), test.command.N, ends)
				c.nothingElseServed(x)
			})
		}
	}
}

// checkStatements looks for exactly one span of each repetition, by the alias n0, n1 in its text.
func checkStatements(t *testing.T, spans []span, n int, succeeded bool) {
	t.Helper()
	assert.Len(t, spans, n)
	seen := map[string]int{}
	for _, s := range spans {
		text, _ := s.attribute("db.query.text").(string)
		seen[text[strings.LastIndexByte(text, ' ')+1:]]++
		assert.Equal(t, succeeded, s.Status().Code() == ptrace.StatusCodeUnset, "%v", s)
		assert.True(t, s.isRoot(), "%v", s)
	}
	for i := range n {
		alias := "n" + strconv.Itoa(i)
		assert.Equal(t, 1, seen[alias], "spans of the statement with the alias %s", alias)
	}
}

// A statement at any depth of the stack has one span: also where the stack has to grow for the very
// function that is probed.
func TestStackGrowsAtStatement(t *testing.T) {
	const depths = 100 // of 1 KiB each
	for _, version := range sqlVersions() {
		build := sqlBuild(version, true, true)
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			var steps []sqlStep
			for n := range depths {
				// On a goroutine of its own, which begins with a small stack.
				steps = append(steps, sqlStep{Do: "exec", Query: fmt.Sprintf("SELECT value AS n%d", n), Where: "goroutine", Depth: n})
			}
			x.DoSQL(targettest.SQLCommand{Driver: "fake", DSN: "ok", Steps: steps})
			checkStatements(t, c.gather(x, depths), depths, true)
			c.nothingElseServed(x)
		})
	}
}

// statementsUnderLoad runs do while a target runs statements and transactions, none of which may fail.
func statementsUnderLoad(t *testing.T, x *targettest.Target, p *targettest.Postgres, do func()) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan int)
	go func() {
		statements := 0
		defer func() { stopped <- statements }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, results := range x.DoSQL(targettest.SQLCommand{Driver: "pgx", DSN: p.DSN(), MaxOpen: loadClients, N: 100, Concurrency: loadClients, Steps: []sqlStep{
				{Do: "query", Query: "SELECT name FROM items WHERE id = $1", Args: []any{1}},
				{Do: "begin"},
				{Do: "exec", On: "tx", Query: "SELECT 1"},
				{Do: "commit"},
			}}) {
				for _, result := range results {
					assert.Empty(t, result.Error)
					statements++
				}
			}
		}
	}()
	defer func() {
		close(stop)
		t.Logf("%d statements", <-stopped)
	}()
	do()
}

// A target does not notice how collectors come and go, in the middle of its statements.
func TestSQLRestartUnderLoad(t *testing.T) {
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			x := targettest.Start(t, targettest.Binary(t, build))
			statementsUnderLoad(t, x, p, func() {
				for range 5 {
					c := newCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID()}}))
					c.waitTraced(x)
					for _, s := range c.next(x, 100) {
						assert.Equal(t, ptrace.StatusCodeUnset, s.Status().Code(), "%v", s)
						assert.True(t, s.isRoot(), "%v", s)
					}
					c.inFlight = loadClients
					c.stop()
					assert.Zero(t, traps(t, x))
				}
			})
		})
	}
}

// A collector that is killed takes its probes with it, and no statement of its target fails.
func TestSQLCollectorIsKilledUnderLoad(t *testing.T) {
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprintf("killed-sql-%d-%s", os.Getpid(), build)
			x := targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark))
			statementsUnderLoad(t, x, p, func() {
				for range 3 {
					collector := startProcess(t, mark)
					require.Eventually(t, func() bool { return traps(t, x) > 0 }, patience, interval)
					require.NoError(t, collector.Process.Kill())
					_ = collector.Wait() // it says "signal: killed"
					assert.Eventually(t, func() bool { return traps(t, x) == 0 }, patience, interval, "probes are left")
				}
			})
		})
	}
}

// A process that dies while statements run leaves their spans, with an error: by a panic of a driver
// that nobody recovers, or by a signal.
func TestTargetDiesInStatement(t *testing.T) {
	const others = 5
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		for _, how := range []string{"panic", "kill"} {
			t.Run(build.Go+" "+how, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				var options []targettest.Option
				if how == "panic" {
					options = append(options, targettest.ExpectCrash())
				}
				x := c.start(build, options...)
				statement := []sqlStep{{Do: "exec", Query: "SELECT pg_sleep(3600)", Where: "goroutine"}}
				application := fmt.Sprintf("dies-%d", x.PID())
				open := serveUntilDeath(t, x, targettest.SQLCommand{
					Driver: "pgx", DSN: p.DSN() + "&application_name=" + application, N: others, Concurrency: others, Steps: statement,
				})
				require.Eventually(t, func() bool {
					return p.Ask(t, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name = '"+application+"'") == strconv.Itoa(others)
				}, patience, 10*interval)
				requests, statements := 1, others
				if how == "panic" {
					requests, statements = 2, others+1
					<-serveUntilDeath(t, x, targettest.SQLCommand{Driver: "fake", DSN: "panic", Steps: statement})
					x.WaitExit()
				} else {
					x.Kill()
				}
				died := time.Now()
				<-open
				spans := c.next(x, requests+statements)
				c.waitEnded(x)
				for _, s := range spans {
					if s.Kind() == ptrace.SpanKindServer {
						requests--
						continue
					}
					statements--
					assert.Equal(t, "SELECT pg_sleep(?)", s.attribute("db.query.text"))
					assert.Equal(t, ptrace.StatusCodeError, s.Status().Code())
					assert.Equal(t, "the process ended", s.Status().Message())
					assert.WithinDuration(t, died, s.EndTimestamp().AsTime(), spanPatience)
				}
				assert.Zero(t, requests)
				assert.Zero(t, statements)
				assert.Empty(t, c.take(x.PID()))
			})
		}
	}
}

// serveUntilDeath has a target perform a command in a request that it does not live to answer.
func serveUntilDeath(t *testing.T, x *targettest.Target, command targettest.SQLCommand) (over <-chan struct{}) {
	t.Helper()
	done := make(chan struct{})
	client := x.Client()
	go func() {
		defer close(done)
		response, err := client.PostForm(x.URL()+"/run/die", command.Form())
		if assert.Error(t, err) {
			return
		}
		response.Body.Close()
	}()
	return done
}
