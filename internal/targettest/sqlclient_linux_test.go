// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sqlBuilds are the oldest Go that is traced with the drivers of its time, and the newest.
var sqlBuilds = []Build{
	{Program: "sqlclient", Go: "1.21"},
	{Program: "sqlclient", Go: "1.27", ModFile: "go.latest.mod"},
}

func TestSQLSteps(t *testing.T) {
	t.Parallel()
	p, m := StartPostgres(t), StartMariaDB(t)
	const item = "SELECT name FROM items WHERE id = 1"
	for _, build := range sqlBuilds {
		x := Start(t, Binary(t, build))
		for _, database := range []SQLCommand{
			{Driver: "postgres", DSN: p.DSN()},
			{Driver: "postgres", DSN: p.SocketDSN(), Connector: true},
			{Driver: "pgx", DSN: p.DSN()},
			{Driver: "pgx", DSN: p.SocketDSN(), Connector: true},
			{Driver: "mysql", DSN: m.DSN()},
			{Driver: "mysql", DSN: m.SocketDSN(), Connector: true},
			{Driver: "fake", DSN: "ok"},
			{Driver: "fake_old", DSN: "ok"},
		} {
			for name, test := range map[string]struct {
				steps []SQLStep
				rows  int // of the last step
			}{
				"db query":     {[]SQLStep{{Do: "query", Query: item}}, 1},
				"db query_row": {[]SQLStep{{Do: "query_row", Query: item}}, 1},
				"db exec":      {[]SQLStep{{Do: "exec", Query: item}}, 0},
				"db plain":     {[]SQLStep{{Do: "query", Query: item, Plain: true}}, 1},
				"conn":         {[]SQLStep{{Do: "conn"}, {Do: "query", On: "conn", Query: item}}, 1},
				"tx": {[]SQLStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: item}, {Do: "commit"},
					{Do: "begin", Plain: true}, {Do: "query_row", On: "tx", Query: item, Plain: true}}, 1},
				"tx of conn":   {[]SQLStep{{Do: "conn"}, {Do: "begin", On: "conn"}, {Do: "query_row", On: "tx", Query: item}}, 1},
				"stmt of db":   {[]SQLStep{{Do: "prepare", Query: item}, {Do: "query", On: "stmt"}}, 1},
				"stmt of conn": {[]SQLStep{{Do: "conn"}, {Do: "prepare", On: "conn", Query: item}, {Do: "query_row", On: "stmt", Plain: true}}, 1},
				"stmt of tx":   {[]SQLStep{{Do: "begin"}, {Do: "prepare", On: "tx", Query: item}, {Do: "query_row", On: "stmt"}}, 1},
				"stmt for tx":  {[]SQLStep{{Do: "prepare", Query: item}, {Do: "begin"}, {Do: "stmt"}, {Do: "query", On: "stmt"}}, 1},
				"kept rows":    {[]SQLStep{{Do: "query", Query: item, Keep: true}, {Do: "query", Query: item}, {Do: "close", On: "rows"}}, 0},
				"ping":         {[]SQLStep{{Do: "ping"}, {Do: "ping", Plain: true}, {Do: "conn"}, {Do: "ping", On: "conn"}}, 0},
				"rollback":     {[]SQLStep{{Do: "begin"}, {Do: "rollback"}}, 0},
				"goroutine":    {[]SQLStep{{Do: "query", Query: item, Where: "goroutine"}}, 1},
				"worker":       {[]SQLStep{{Do: "query", Query: item, Where: "worker"}}, 1},
				"parallel":     {[]SQLStep{{Do: "parallel", Steps: []SQLStep{{Do: "query", Query: item}, {Do: "query", Query: item}}}}, 1},
			} {
				command := database
				command.Steps = test.steps
				for _, results := range [][][]SQLResult{x.DoSQL(command), x.ServeSQL("/run/steps", command)} {
					require.Len(t, results, 1)
					for i, result := range results[0] {
						assert.Empty(t, result.Error, "%s %s %s, step %d", build, database.Driver, name, i)
					}
					assert.Equal(t, test.rows, results[0][len(results[0])-1].Rows, "%s %s %s", build, database.Driver, name)
				}
			}
		}
	}
}

func TestSQLErrors(t *testing.T) {
	t.Parallel()
	p := StartPostgres(t)
	nowhere := unusedAddress(t)
	for _, build := range sqlBuilds {
		x := Start(t, Binary(t, build))
		for _, test := range []struct {
			driver, dsn string
			steps       []SQLStep
			errors      []string // parts of them, by step
		}{
			{"postgres", p.DSN(), []SQLStep{{Do: "exec", Query: "INSERT INTO items (id, name) VALUES (1, 'axe')"}}, []string{"duplicate key"}},
			{"pgx", p.DSN(), []SQLStep{{Do: "exec", Query: "INSERT INTO items (id, name) VALUES ($1, $2)", Args: []any{1, "axe"}}}, []string{"duplicate key"}},
			{"pgx", p.DSN(), []SQLStep{{Do: "exec", Query: "SELECT pg_sleep(60)", Timeout: "20ms"}}, []string{"deadline exceeded"}},
			{"pgx", p.DSN(), []SQLStep{{Do: "exec", Query: "SELECT pg_sleep(60)", CancelAfter: "20ms"}}, []string{"context canceled"}},
			{"mysql", "shop:secret@tcp(" + nowhere + ")/shop", []SQLStep{{Do: "ping"}}, []string{"connection refused"}},
			{"sqlserver", "sqlserver://shop:secret@" + nowhere + "?database=shop&dial+timeout=1", []SQLStep{{Do: "ping"}}, []string{"connection refused"}},
			{"fake", "ok", []SQLStep{{Do: "query", On: "tx"}}, []string{"there is none"}},
			{"fake", "ok", []SQLStep{{Do: "dance"}}, []string{"no step"}},
			{"fake", "ok", []SQLStep{{Do: "query", Context: "no"}}, []string{"no context of the kind"}},
			{"fake", "dance", []SQLStep{{Do: "query"}}, []string{"no behaviour"}},
			{"fake", "bad_conn?n=2", []SQLStep{{Do: "exec"}, {Do: "query"}}, []string{"", ""}},
			{"fake", "bad_conn?n=9", []SQLStep{{Do: "exec"}}, []string{"bad connection"}},
			{"fake", "skip", []SQLStep{{Do: "exec"}}, []string{""}},
			{"fake", "error?at=begin", []SQLStep{{Do: "begin"}}, []string{"a driver that fails"}},
			{"fake", "error?at=commit", []SQLStep{{Do: "begin"}, {Do: "commit"}, {Do: "rollback"}}, []string{"", "a driver that fails", "already been committed"}},
			{"fake", "wrapped", []SQLStep{{Do: "exec"}}, []string{"duplicate key"}},
			{"fake", "panic", []SQLStep{{Do: "exec", Recover: true}, {Do: "ping"}}, []string{"recovered: a driver that panics", ""}},
			{"fake", "goexit", []SQLStep{{Do: "exec", Where: "goroutine"}}, []string{"it did not return"}},
			{"fake", "wait", []SQLStep{{Do: "exec", Timeout: "1ms"}}, []string{"deadline exceeded"}},
			{"fake", "nested", []SQLStep{{Do: "exec"}}, []string{""}},
			{"fake", "http?url=" + x.URL() + "/ok/", []SQLStep{{Do: "exec"}}, []string{""}},
			{"fake", "ok", []SQLStep{{Do: "close"}, {Do: "close", On: "db"}, {Do: "exec"}}, []string{"cannot be closed", "", "database is closed"}},
			{"fake_old", "error?at=prepared", []SQLStep{{Do: "exec"}}, []string{"a driver that fails"}},
			{"nobody", "", []SQLStep{{Do: "ping"}}, []string{"unknown driver"}},
		} {
			results := x.DoSQL(SQLCommand{Driver: test.driver, DSN: test.dsn, Steps: test.steps})
			require.Len(t, results, 1)
			require.Len(t, results[0], len(test.errors), "%+v", test)
			for i, part := range test.errors {
				if part == "" {
					assert.Empty(t, results[0][i].Error, "%+v", test)
				}
				assert.Contains(t, results[0][i].Error, part, "%+v", test)
			}
		}
	}
}

func TestSQLRepetitions(t *testing.T) {
	t.Parallel()
	p := StartPostgres(t)
	x := Start(t, Binary(t, sqlBuilds[0]))
	results := x.DoSQL(SQLCommand{
		Driver: "pgx", DSN: p.DSN(), MaxOpen: 5, N: 100, Concurrency: 20,
		Steps: []SQLStep{{Do: "query", Query: "SELECT generate_series(1, {n})"}},
	})
	require.Len(t, results, 100)
	for i, steps := range results {
		assert.Equal(t, []SQLResult{{Rows: i}}, steps)
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	for driver, build := range map[string]Build{
		"sqlite":  {Program: "sqlclient", Go: "1.27", Tags: []string{"modernc"}, ModFile: "go.latest.mod"},
		"sqlite3": {Program: "sqlclient", Go: "1.21", Tags: []string{"mattn"}, CGO: true},
	} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			x := Start(t, Binary(t, build))
			results := x.DoSQL(SQLCommand{Driver: driver, DSN: "file:" + filepath.Join(t.TempDir(), "shop.db"), Steps: []SQLStep{
				{Do: "exec", Query: "CREATE TABLE items (id integer PRIMARY KEY, name text)"},
				{Do: "exec", Query: "INSERT INTO items VALUES (?, ?)", Args: []any{1, "axe"}},
				{Do: "query", Query: "SELECT * FROM items"},
				{Do: "exec", Query: "INSERT INTO items VALUES (1, 'axe')"},
			}})
			require.Len(t, results, 1)
			assert.Equal(t, []SQLResult{{}, {}, {Rows: 1}}, results[0][:3])
			assert.Contains(t, results[0][3].Error, "UNIQUE constraint failed")
		})
	}
}
