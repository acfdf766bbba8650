// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// sqlStep is short for what these cases are made of.
type sqlStep = targettest.SQLStep

// sqlCase is one way to use database/sql. It has a golden trace by its name.
type sqlCase struct {
	name    string
	maxOpen int // connections
	steps   []sqlStep
	errors  map[int]string // parts of the errors of steps; the others have none
	spans   int
}

const selectItem = "SELECT name FROM items WHERE id = $1"

// threeWays are the methods that have a statement, with a context and without.
func threeWays(on, query string, args ...any) (steps []sqlStep) {
	for _, plain := range []bool{false, true} {
		if plain && on == "conn" {
			continue // a Conn has no methods without a context
		}
		for _, do := range []string{"query", "query_row", "exec"} {
			steps = append(steps, sqlStep{Do: do, On: on, Query: query, Args: args, Plain: plain})
		}
	}
	return steps
}

// then appends steps to steps.
func then(steps []sqlStep, more ...[]sqlStep) []sqlStep {
	return slices.Concat(append([][]sqlStep{steps}, more...)...)
}

// postgresCases are what every build does with every driver of PostgreSQL.
func postgresCases() []sqlCase {
	stmt := threeWays("stmt", "", 1)
	exec := func(query string, args ...any) []sqlStep { return []sqlStep{{Do: "exec", Query: query, Args: args}} }
	return []sqlCase{
		{name: "db", steps: threeWays("db", selectItem, 1), spans: 6},
		{name: "conn", steps: then([]sqlStep{{Do: "conn"}}, threeWays("conn", selectItem, 1)), spans: 3},
		{name: "tx", steps: then([]sqlStep{{Do: "begin"}}, threeWays("tx", selectItem, 1), []sqlStep{{Do: "commit"}}), spans: 8},
		{name: "tx-of-conn", steps: then([]sqlStep{{Do: "conn"}, {Do: "begin", On: "conn"}}, threeWays("tx", selectItem, 1), []sqlStep{{Do: "rollback"}}), spans: 8},
		{name: "tx-plain", steps: []sqlStep{{Do: "begin", Plain: true}, {Do: "rollback"}}, spans: 2},
		{name: "stmt-of-db", steps: then([]sqlStep{{Do: "prepare", Query: selectItem}}, stmt), spans: 6},
		{name: "stmt-of-conn", steps: then([]sqlStep{{Do: "conn"}, {Do: "prepare", On: "conn", Query: selectItem}}, stmt), spans: 6},
		{name: "stmt-of-tx", steps: then([]sqlStep{{Do: "begin"}, {Do: "prepare", On: "tx", Query: selectItem}}, stmt, []sqlStep{{Do: "commit"}}), spans: 8},
		{name: "stmt-for-tx", steps: then([]sqlStep{{Do: "prepare", Query: selectItem}, {Do: "begin"}, {Do: "stmt"}}, stmt, []sqlStep{{Do: "rollback"}}), spans: 8},
		{name: "ping", steps: []sqlStep{{Do: "ping"}, {Do: "ping", Plain: true}, {Do: "conn"}, {Do: "ping", On: "conn"}}, spans: 3},
		{name: "rollback-after-commit", steps: []sqlStep{{Do: "begin"}, {Do: "commit"}, {Do: "rollback"}}, errors: map[int]string{2: "already been committed"}, spans: 2},
		{name: "commit-twice", steps: []sqlStep{{Do: "begin"}, {Do: "commit"}, {Do: "commit"}}, errors: map[int]string{2: "already been committed"}, spans: 2},
		{name: "commit-after-rollback", steps: []sqlStep{{Do: "begin"}, {Do: "rollback"}, {Do: "commit"}}, errors: map[int]string{2: "already been committed"}, spans: 2},

		{name: "unique-violation", steps: exec("INSERT INTO items (id, name) VALUES ($1, 'axe')", 1), errors: map[int]string{0: "duplicate key"}, spans: 1},
		{name: "syntax-error", steps: []sqlStep{{Do: "query", Query: "SELEC name FROM items WHERE name = 'secret'"}}, errors: map[int]string{0: "syntax error"}, spans: 1},
		{name: "no-table", steps: []sqlStep{{Do: "query_row", Query: "SELECT name FROM nothing"}}, errors: map[int]string{0: "does not exist"}, spans: 1},
		{name: "error-on-conn", steps: []sqlStep{{Do: "conn"}, {Do: "query", On: "conn", Query: "SELECT name FROM nothing"}, {Do: "exec", On: "conn", Query: "DELETE FROM nothing"}, {Do: "query", On: "conn", Query: selectItem, Args: []any{1}}},
			errors: map[int]string{1: "does not exist", 2: "does not exist"}, spans: 3},
		{name: "error-in-tx", steps: []sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: "DELETE FROM nothing"}, {Do: "query", On: "tx", Query: "SELECT 1"}, {Do: "rollback"}},
			errors: map[int]string{1: "does not exist", 2: "transaction is aborted"}, spans: 4},
		{name: "error-of-stmt", steps: []sqlStep{{Do: "prepare", Query: "INSERT INTO items (id, name) VALUES ($1, $2)"}, {Do: "exec", On: "stmt", Args: []any{1, "axe"}}, {Do: "query_row", On: "stmt", Args: []any{2, "axe"}}},
			errors: map[int]string{1: "duplicate key", 2: "duplicate key"}, spans: 2},
		{name: "no-rows", steps: []sqlStep{{Do: "query_row", Query: selectItem, Args: []any{-1}}}, errors: map[int]string{0: "no rows"}, spans: 1},
		{name: "statement-after-commit", steps: []sqlStep{{Do: "begin"}, {Do: "commit"}, {Do: "exec", On: "tx", Query: "SELECT 1"}}, errors: map[int]string{2: "already been committed"}, spans: 3},
		{name: "statement-on-closed-conn", steps: []sqlStep{{Do: "conn"}, {Do: "close", On: "conn"}, {Do: "exec", On: "conn", Query: "SELECT 1"}, {Do: "query", On: "conn", Query: "SELECT 1"}, {Do: "ping", On: "conn"}, {Do: "begin", On: "conn"}},
			errors: map[int]string{2: "already closed", 3: "already closed", 4: "already closed", 5: "already closed"}, spans: 4},
		{name: "statement-of-closed-stmt", steps: []sqlStep{{Do: "prepare", Query: "SELECT 1"}, {Do: "close", On: "stmt"}, {Do: "exec", On: "stmt"}, {Do: "query", On: "stmt"}},
			errors: map[int]string{2: "is closed", 3: "is closed"}, spans: 2},
		{name: "closed-db", maxOpen: 9, steps: []sqlStep{{Do: "close", On: "db"}, {Do: "exec", Query: "SELECT 1"}, {Do: "query", Query: "SELECT 1"}, {Do: "begin"}, {Do: "ping"}},
			errors: map[int]string{1: "is closed", 2: "is closed", 3: "is closed", 4: "is closed"}, spans: 4},
		{name: "pool-exhausted", maxOpen: 1, steps: []sqlStep{{Do: "conn"}, {Do: "exec", Query: "SELECT 1", Timeout: shortly}, {Do: "begin", CancelAfter: shortly}, {Do: "ping", Timeout: shortly}},
			errors: map[int]string{1: "deadline exceeded", 2: "context canceled", 3: "deadline exceeded"}, spans: 3},
		{name: "expired", steps: []sqlStep{{Do: "query", Query: "SELECT 1", Timeout: "1ns"}, {Do: "exec", Query: "SELECT 1", Timeout: "1ns"}, {Do: "begin", Timeout: "1ns"}},
			errors: map[int]string{0: "deadline exceeded", 1: "deadline exceeded", 2: "deadline exceeded"}, spans: 3},
		{name: "wrong-number-of-arguments", steps: []sqlStep{{Do: "prepare", Query: selectItem}, {Do: "exec", On: "stmt"}, {Do: "query", On: "stmt", Args: []any{1, 2}}},
			errors: map[int]string{1: "expected 1 arguments", 2: "expected 1 arguments"}, spans: 2},

		{name: "kept-rows", steps: []sqlStep{{Do: "query", Query: "SELECT id FROM items", Keep: true}, {Do: "query", Query: selectItem, Args: []any{1}}, {Do: "close", On: "rows"}, {Do: "exec", Query: "SELECT 2"}}, spans: 3},
		{name: "kept-rows-of-conn", steps: []sqlStep{{Do: "conn"}, {Do: "query", On: "conn", Query: "SELECT id FROM items", Keep: true}, {Do: "query", Query: selectItem, Args: []any{1}}, {Do: "close", On: "rows"}, {Do: "exec", On: "conn", Query: "SELECT 2"}}, spans: 3},
		{name: "kept-rows-of-tx", steps: []sqlStep{{Do: "begin"}, {Do: "query", On: "tx", Query: "SELECT id FROM items", Keep: true}, {Do: "query", Query: selectItem, Args: []any{1}}, {Do: "close", On: "rows"}, {Do: "commit"}}, spans: 4},
		{name: "parallel", steps: []sqlStep{{Do: "parallel", Steps: []sqlStep{{Do: "query", Query: "SELECT pg_sleep(0.1)"}, {Do: "query", Query: "SELECT pg_sleep(0.1)"}}}}, spans: 2},
		{name: "parallel-in-tx", steps: []sqlStep{{Do: "begin"}, {Do: "parallel", Steps: []sqlStep{{Do: "exec", On: "tx", Query: "SELECT pg_sleep(0.05)"}, {Do: "exec", On: "tx", Query: "SELECT pg_sleep(0.05)"}}}, {Do: "commit"}}, spans: 4},

		{name: "secrets", steps: exec(`SELECT name FROM items WHERE name = 'secret' OR name = 'it''s secret' OR name = E'it\'s secret' OR name = $$secret$$ OR price = 42 OR price = -4.2e1 OR name LIKE '%secret%'`), spans: 1},
		{name: "insert", steps: []sqlStep{{Do: "begin"}, {Do: "exec", On: "tx", Query: "INSERT INTO items (name, price) VALUES ('secret', 42), ('other secret', 43)"}, {Do: "rollback"}}, spans: 3},
		{name: "update", steps: exec("UPDATE items SET price = 42 WHERE name = 'nothing'"), spans: 1},
		{name: "delete", steps: exec("delete from items where name = 'nothing'"), spans: 1},
		{name: "join", steps: exec("SELECT a.name FROM items a JOIN items b ON a.id = b.price WHERE b.name = 'secret'"), spans: 1},
		{name: "schema", steps: exec(`SELECT count(*) FROM public."items"`), spans: 1},
		{name: "with", steps: exec("WITH cheap AS (SELECT id FROM items WHERE price < 10) SELECT count(*) FROM cheap"), spans: 1},
		{name: "set", steps: []sqlStep{{Do: "conn"}, {Do: "exec", On: "conn", Query: "SET application_name = 'secret'"}, {Do: "exec", On: "conn", Query: "RESET application_name"}}, spans: 2},
		{name: "several", steps: exec("SELECT 1; SELECT 2"), errors: map[int]string{}, spans: 1},
		{name: "comment", steps: exec("/* who: secret */ SELECT name -- secret\nFROM items"), spans: 1},
		{name: "empty", steps: exec(""), spans: 1},
		{name: "8-KiB", steps: exec(longStatement(8 << 10)), spans: 1},
		{name: "longer", steps: exec(longStatement(8<<10 + 1)), spans: 1},
		{name: "cut-literal", steps: exec("SELECT '" + strings.Repeat("secret", 2000) + "'"), spans: 1},
	}
}

// longStatement has that many bytes, and nothing that a sanitizer replaces.
func longStatement(length int) string {
	const head, more, tail = "SELECT id FROM items WHERE ", "id = id AND ", "id = price"
	length -= len(head) + len(tail)
	return head + strings.Repeat(more, length/len(more)) + strings.Repeat(" ", length%len(more)) + tail
}

// sqlDatabase is where a target's statements go.
type sqlDatabase struct {
	driver, dsn string
	connector   bool
}

// run has a target perform the steps of a case, and checks what becomes of each.
func (test sqlCase) run(t *testing.T, x *targettest.Target, database sqlDatabase) {
	t.Helper()
	results := x.DoSQL(targettest.SQLCommand{
		Driver: database.driver, DSN: database.dsn, Connector: database.connector, MaxOpen: test.maxOpen, Steps: test.steps,
	})
	require.Len(t, results, 1)
	for i, result := range results[0] {
		if test.errors[i] == "" {
			assert.Empty(t, result.Error, "%s, step %d", test.name, i)
		}
		assert.Contains(t, result.Error, test.errors[i], "%s, step %d", test.name, i)
	}
}

// checkSQL holds what comes of each case to its golden trace.
func checkSQL(t *testing.T, c *collector, x *targettest.Target, database sqlDatabase, cases []sqlCase, prefix string, e expectation) {
	t.Helper()
	for _, test := range cases {
		test.run(t, x, database)
		spans := c.gather(x, test.spans)
		if assert.Len(t, spans, test.spans, "%s of %v: %v", test.name, database, spans) {
			hideDatabase(spans, e.addresses)
			compareGolden(t, prefix+test.name, spans, e)
		}
	}
	c.nothingElseServed(x)
}

// hideDatabase replaces the addresses of databases, and the files that SQLite's are, where only spans of database/sql have them.
func hideDatabase(spans []span, addresses map[string]string) {
	for _, s := range spans {
		for address, name := range addresses {
			s.SetName(strings.ReplaceAll(s.Name(), address, name))
			if namespace, ok := s.Attributes().Get("db.namespace"); ok {
				namespace.SetStr(strings.ReplaceAll(namespace.Str(), address, name))
			}
		}
	}
}
