// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

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
				{Do: "exec", On: "tx", Query: "SELECT pg_sleep(0.002)"},
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
				for range 3 {
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
				open := serveUntilDeath(x, targettest.SQLCommand{
					Driver: "pgx", DSN: p.DSN() + "&application_name=" + application, N: others, Concurrency: others, Steps: statement,
				})
				require.Eventually(t, func() bool {
					return p.Ask(t, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name = '"+application+"'") == strconv.Itoa(others)
				}, patience, 10*interval)
				requests, statements := 1, others
				if how == "panic" {
					requests, statements = 2, others+1
					<-serveUntilDeath(x, targettest.SQLCommand{Driver: "fake", DSN: "panic", Steps: statement})
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

// serveUntilDeath has a target perform a command in a request that it hardly lives to answer: one that
// panics may do so while deferred functions run.
func serveUntilDeath(x *targettest.Target, command targettest.SQLCommand) (over <-chan struct{}) {
	done := make(chan struct{})
	client := x.Client()
	go func() {
		defer close(done)
		if response, err := client.PostForm(x.URL()+"/run/die", command.Form()); err == nil {
			response.Body.Close()
		}
	}()
	return done
}
