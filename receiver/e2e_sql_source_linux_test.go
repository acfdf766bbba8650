// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

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
				test := sqlCase{name: driver, steps: []sqlStep{{Do: "exec", Query: "DELETE FROM items"}, {Do: "begin"}, {Do: "ping"}}, spans: 3,
					errors: map[int]string{0: "connection refused", 1: "connection refused", 2: "connection refused"}}
				e := expectation{golden: isGolden(build), routes: true, addresses: map[string]string{nowhere: "nowhere"}}
				if driver == "pgx" && build.ModFile == "" {
					e.errors = map[string]string{"*errors.joinError": "*net.OpError"}
				}
				checkSQL(t, c, x, sqlDatabase{driver: driver, dsn: dsn}, []sqlCase{test}, "sql-refused-", e)
			}
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
					want := test.want
					if connector && test.driver == "postgres" && build.ModFile == "" {
						want = map[string]any{"db.system.name": "postgresql"} // lib/pq kept the rest in a map until 1.11
					}
					results := x.DoSQL(targettest.SQLCommand{Driver: test.driver, DSN: test.dsn, Connector: connector, Steps: []sqlStep{{Do: "ping"}}})
					require.Len(t, results, 1)
					spans := c.next(x, 1)
					require.Len(t, spans, 1)
					assert.Subset(t, spans[0].Attributes().AsRaw(), want, "%s %s, connector %t", test.driver, test.dsn, connector)
					assert.NotContains(t, spans[0].String(), "secret")
				}
			}
			c.nothingElseServed(x)
		})
	}
}
