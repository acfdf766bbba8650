// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

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
