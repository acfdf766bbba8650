// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// driverBuilds are the oldest Go with the drivers of its time, and the newest with today's.
func driverBuilds() []targettest.Build {
	versions := sqlVersions()
	return []targettest.Build{sqlBuild(versions[0], true, true), sqlBuild(versions[len(versions)-1], true, true)}
}

// Whatever a driver does inside of database/sql's calls, each call is one span.
func TestSQLDriverBehaviour(t *testing.T) {
	const query = "SELECT value FROM things"
	statements := []sqlStep{{Do: "exec", Query: query}, {Do: "query", Query: query}}
	transaction := []sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: query}, {Do: "commit"}}
	ping := []sqlStep{{Do: "ping"}}
	fails := func(step int) map[int]string { return map[int]string{step: "a driver that fails"} }
	panics := func(step int) map[int]string { return map[int]string{step: "recovered: a driver that panics"} }
	for _, build := range sqlBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			e := expectation{golden: isGolden(build), routes: true}
			for _, test := range []struct {
				sqlCase
				dsn string
			}{
				{sqlCase{name: "ok", steps: then(threeWays("db", query), transaction, ping), spans: 10}, "ok"},
				{sqlCase{name: "constant", steps: []sqlStep{{Do: "exec", Query: "{constant}"}}, spans: 1}, "ok"},
				{sqlCase{name: "bad-conn-once", steps: statements, spans: 2}, "bad_conn?n=1"},
				{sqlCase{name: "bad-conn-twice", steps: statements, spans: 2}, "bad_conn?n=2"},
				{sqlCase{name: "bad-conn-always", steps: statements, errors: map[int]string{0: "bad connection", 1: "bad connection"}, spans: 2}, "bad_conn?n=1000"},
				{sqlCase{name: "bad-conn-in-tx", steps: transaction, errors: map[int]string{1: "bad connection"}, spans: 3}, "bad_conn?n=1000"},
				{sqlCase{name: "bad-conn-at-begin", steps: []sqlStep{{Do: "begin"}}, errors: map[int]string{0: "bad connection"}, spans: 1}, "bad_conn?n=1000&at=begin"},
				{sqlCase{name: "bad-conn-at-begin-once", steps: []sqlStep{{Do: "begin"}, {Do: "rollback"}}, spans: 2}, "bad_conn?n=1&at=begin"},
				{sqlCase{name: "bad-conn-at-ping", steps: ping, errors: map[int]string{0: "bad connection"}, spans: 1}, "bad_conn?n=1000&at=ping"},
				{sqlCase{name: "skip", steps: then(threeWays("db", query), transaction), spans: 9}, "skip"},
				{sqlCase{name: "error", steps: statements, errors: map[int]string{0: "a driver that fails", 1: "a driver that fails"}, spans: 2}, "error"},
				{sqlCase{name: "error-at-connect", steps: then(statements, ping, []sqlStep{{Do: "begin"}}), errors: map[int]string{0: "a driver", 1: "a driver", 2: "a driver", 3: "a driver"}, spans: 4}, "error?at=connect"},
				{sqlCase{name: "error-at-begin", steps: []sqlStep{{Do: "begin"}, {Do: "conn"}, {Do: "begin", On: "conn"}}, errors: map[int]string{0: "a driver", 2: "a driver"}, spans: 2}, "error?at=begin"},
				{sqlCase{name: "error-at-commit", steps: transaction, errors: fails(2), spans: 3}, "error?at=commit"},
				{sqlCase{name: "error-at-rollback", steps: []sqlStep{{Do: "begin"}, {Do: "rollback"}}, errors: fails(1), spans: 2}, "error?at=rollback"},
				{sqlCase{name: "error-at-ping", steps: []sqlStep{{Do: "ping"}, {Do: "conn"}, {Do: "ping", On: "conn"}}, errors: map[int]string{0: "a driver", 2: "a driver"}, spans: 2}, "error?at=ping"},
				{sqlCase{name: "error-at-next", steps: []sqlStep{{Do: "query", Query: query}}, errors: fails(0), spans: 1}, "error?at=next"},
				{sqlCase{name: "wrapped-error", steps: statements, errors: map[int]string{0: "duplicate key", 1: "duplicate key"}, spans: 2}, "wrapped"},
				{sqlCase{name: "panic", steps: []sqlStep{{Do: "exec", Query: query, Recover: true}, {Do: "query", Query: query, Recover: true}, {Do: "ping"}}, errors: map[int]string{0: "recovered", 1: "recovered"}, spans: 3}, "panic"},
				{sqlCase{name: "panic-in-tx", steps: []sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: query, Recover: true}, {Do: "ping"}, {Do: "rollback"}}, errors: panics(1), spans: 4}, "panic"},
				{sqlCase{name: "panic-at-begin", steps: []sqlStep{{Do: "begin", Recover: true}, {Do: "ping"}}, errors: panics(0), spans: 2}, "panic?at=begin"},
				{sqlCase{name: "panic-at-commit", steps: []sqlStep{{Do: "begin"}, {Do: "commit", Recover: true}, {Do: "ping"}}, errors: panics(1), spans: 3}, "panic?at=commit"},
				{sqlCase{name: "panic-at-ping", steps: []sqlStep{{Do: "ping", Recover: true}, {Do: "exec", Query: query}}, errors: panics(0), spans: 2}, "panic?at=ping"},
				{sqlCase{name: "goexit", steps: []sqlStep{{Do: "exec", Query: query, Where: "goroutine"}, {Do: "ping"}}, errors: map[int]string{0: "it did not return"}, spans: 2}, "goexit"},
				{sqlCase{name: "nested", steps: []sqlStep{{Do: "exec", Query: query}, {Do: "query", Query: query}, {Do: "ping"}}, spans: 5}, "nested"},
				{sqlCase{name: "wait", steps: []sqlStep{{Do: "exec", Query: query, Timeout: "20ms"}, {Do: "query", Query: query, CancelAfter: "20ms"}}, errors: map[int]string{0: "deadline exceeded", 1: "context canceled"}, spans: 2}, "wait"},
			} {
				checkSQL(t, c, x, sqlDatabase{driver: "fake", dsn: test.dsn}, []sqlCase{test.sqlCase}, "sql-driver-", e)
			}
			// A driver of the time before contexts makes no difference.
			ok := sqlCase{name: "ok", steps: then(threeWays("db", query), transaction, ping), spans: 10}
			checkSQL(t, c, x, sqlDatabase{driver: "fake_old", dsn: "ok"}, []sqlCase{ok}, "sql-driver-", expectation{routes: true})
		})
	}
}
