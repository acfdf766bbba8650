// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
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
