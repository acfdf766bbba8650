// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"path/filepath"
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

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
