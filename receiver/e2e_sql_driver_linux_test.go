// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// A database that cannot be reached is told all the same: which one it is, and where it should be.
func TestSQLConnectionRefused(t *testing.T) {
	nowhere := unusedAddress(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for driver, dsn := range map[string]string{
				"postgres":  "postgres://shop:secret@" + nowhere + "/shop?sslmode=disable",
				"pgx":       "postgres://shop:secret@" + nowhere + "/shop?sslmode=disable",
				"mysql":     "shop:secret@tcp(" + nowhere + ")/shop?timeout=5s",
				"sqlserver": "sqlserver://shop:secret@" + nowhere + "?database=shop&dial+timeout=1",
			} {
				for _, connector := range []bool{false, true} {
					test := sqlCase{name: driver, steps: []sqlStep{{Do: "exec", Query: "DELETE FROM items"}, {Do: "begin"}, {Do: "ping"}}, spans: 3,
						errors: map[int]string{0: "connection refused", 1: "connection refused", 2: "connection refused"}}
					e := expectation{golden: isGolden(build) && !connector, routes: true, addresses: map[string]string{nowhere: "nowhere"}}
					if driver == "pgx" && build.ModFile == "" {
						e.errors = map[string]string{"*errors.joinError": "*net.OpError"}
					}
					checkSQL(t, c, x, sqlDatabase{driver: driver, dsn: dsn, connector: connector}, []sqlCase{test}, "sql-refused-", e)
				}
			}
		})
	}
}

// SQLite, in Go and in C.
func TestSQLite(t *testing.T) {
	versions := sqlVersions()
	oldest, newest := versions[0], versions[len(versions)-1]
	for _, test := range []struct {
		driver string
		build  targettest.Build
	}{
		{"sqlite", targettest.Build{Program: "sqlclient", Go: newest, Strip: true, PIE: true, Tags: []string{"modernc"}, ModFile: "go.latest.mod"}},
		{"sqlite3", targettest.Build{Program: "sqlclient", Go: oldest, Strip: true, Tags: []string{"mattn"}, CGO: true}},
		{"sqlite3", targettest.Build{Program: "sqlclient", Go: newest, Strip: true, PIE: true, Tags: []string{"mattn"}, CGO: true, ModFile: "go.latest.mod"}},
	} {
		t.Run(test.driver+" "+test.build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(test.build)
			file := filepath.Join(t.TempDir(), "shop.db")
			e := expectation{golden: isGolden(test.build) && test.driver == "sqlite", routes: true, addresses: map[string]string{file: "/srv/shop.db"}}
			exec := func(query string, args ...any) []sqlStep { return []sqlStep{{Do: "exec", Query: query, Args: args}} }
			checkSQL(t, c, x, sqlDatabase{driver: test.driver, dsn: "file:" + file}, []sqlCase{
				{name: "create", steps: exec("CREATE TABLE items (id integer PRIMARY KEY, name text NOT NULL)"), spans: 1},
				{name: "insert", steps: exec("INSERT INTO items VALUES (?, 'axe')", 1), spans: 1},
				{name: "select", steps: threeWays("db", "SELECT name FROM items WHERE id = 1"), spans: 6},
				{name: "tx", steps: []sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: "DELETE FROM items"}, {Do: "rollback"}}, spans: 3},
				{name: "stmt", steps: then([]sqlStep{{Do: "prepare", Query: "SELECT name FROM items WHERE id = ?"}}, threeWays("stmt", "", 1)), spans: 6},
				{name: "unique-violation", steps: exec("INSERT INTO items VALUES (1, 'secret')"), errors: map[int]string{0: "UNIQUE constraint failed"}, spans: 1},
				{name: "syntax-error", steps: exec("SELEC 'secret'"), errors: map[int]string{0: "syntax error"}, spans: 1},
				{name: "ping", steps: []sqlStep{{Do: "ping"}}, spans: 1},
			}, "sql-sqlite-", e)
		})
	}
}

// MariaDB speaks the protocol of MySQL, and its driver tells errors by number.
func TestSQLMariaDB(t *testing.T) {
	m := targettest.StartMariaDB(t)
	const item = "SELECT name FROM items WHERE id = ?"
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			e := expectation{golden: isGolden(build), routes: true, addresses: map[string]string{m.Address(): "mariadb"}}
			exec := func(query string) []sqlStep { return []sqlStep{{Do: "exec", Query: query}} }
			checkSQL(t, c, x, sqlDatabase{driver: "mysql", dsn: m.DSN()}, []sqlCase{
				{name: "db", steps: threeWays("db", item, 1), spans: 6}, // the driver prepares them: driver.ErrSkip
				{name: "tx", steps: then([]sqlStep{{Do: "begin"}}, threeWays("tx", item, 1), []sqlStep{{Do: "commit"}}), spans: 8},
				{name: "stmt", steps: then([]sqlStep{{Do: "prepare", Query: item}}, threeWays("stmt", "", 1)), spans: 6},
				{name: "secrets", steps: exec(`SELECT name FROM items WHERE name = "secret" OR name = 'it\'s secret' # secret`), spans: 1},
				{name: "backticks", steps: exec("SELECT name FROM `shop`.`items` WHERE price = 0x7365637265740a"), spans: 1},
				{name: "unique-violation", steps: exec("INSERT INTO items (id, name) VALUES (1, 'secret')"), errors: map[int]string{0: "Duplicate entry"}, spans: 1},
				{name: "no-table", steps: exec("DELETE FROM nothing"), errors: map[int]string{0: "doesn't exist"}, spans: 1},
				{name: "ping", steps: []sqlStep{{Do: "ping"}}, spans: 1},
			}, "sql-mysql-", e)
		})
	}
}

// Where the database is comes from what the application connects with, in each form that drivers read.
// The password never leaves the collector.
func TestSQLDataSource(t *testing.T) {
	p := targettest.StartPostgres(t)
	type want = map[string]any
	there := want{"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "127.0.0.1", "server.port": int64(p.Port)}
	socket := want{"db.system.name": "postgresql", "db.namespace": "shop", "server.address": p.Folder}
	closed := unusedAddress(t)
	port := int64(portOf(t, closed).First)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for _, test := range []struct {
				driver, dsn string
				want        want
			}{
				{"postgres", p.DSN(), there},
				{"postgres", p.SocketDSN(), socket},
				{"pgx", p.DSN(), there},
				{"pgx", p.SocketDSN(), socket},
				{"mysql", "shop:secret@tcp(" + closed + ")/shop", want{"db.system.name": "mysql", "db.namespace": "shop", "server.address": "127.0.0.1", "server.port": port}},
				{"mysql", "shop:secret@unix(" + p.Folder + "/none)/shop", want{"db.system.name": "mysql", "db.namespace": "shop", "server.address": p.Folder + "/none"}},
				{"sqlserver", "sqlserver://shop:secret@" + closed + "?database=shop&dial+timeout=1", want{"db.system.name": "microsoft.sql_server", "db.namespace": "shop", "server.address": "127.0.0.1", "server.port": port}},
			} {
				for _, connector := range []bool{false, true} {
					results := x.DoSQL(targettest.SQLCommand{Driver: test.driver, DSN: test.dsn, Connector: connector, Steps: []sqlStep{{Do: "ping"}}})
					require.Len(t, results, 1)
					spans := c.next(x, 1)
					require.Len(t, spans, 1)
					assert.Subset(t, spans[0].Attributes().AsRaw(), test.want, "%s %s, connector %t", test.driver, test.dsn, connector)
					assert.NotContains(t, spans[0].String(), "secret")
				}
			}
			c.nothingElseServed(x)
		})
	}
}
