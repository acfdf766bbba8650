// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strings"
	"testing"

	"github.com/DataDog/go-sqllexer"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSummary(t *testing.T) {
	for query, want := range map[string]string{
		// The examples of the semantic conventions.
		"SELECT *\nFROM   wuser_table\nWHERE  username = ?":                                                        "SELECT wuser_table",
		"INSERT INTO shipping_details (order_id, address) SELECT order_id, address FROM orders WHERE order_id = ?": "INSERT shipping_details SELECT orders",
		"SELECT * FROM songs, artists WHERE songs.artist_id == artists.id":                                         "SELECT songs artists",
		"SELECT order_date FROM (SELECT * FROM orders o JOIN customers c ON o.customer_id = c.customer_id)":        "SELECT SELECT orders customers",
		`SELECT * FROM "song list", artists`:                                                                       `SELECT "song list" artists`,
		"call some_stored_procedure":                                                                               "call some_stored_procedure",

		"select a from t where b in (select c from u)":                                 "select t select u",
		"SELECT a FROM t AS x, u y JOIN v ON x.a = v.a, w WHERE x.b = 1 ORDER BY a, b": "SELECT t u v w",
		"SELECT a FROM s.t":     "SELECT s.t",
		`SELECT a FROM "s"."t"`: `SELECT "s"."t"`,
		`SELECT a FROM "s".t`:   `SELECT "s".t`,
		"SELECT EXTRACT(YEAR FROM created), TRIM(BOTH FROM name) FROM t":  "SELECT t",
		"SELECT a IS DISTINCT FROM b FROM t":                              "SELECT t",
		"SELECT a FROM generate_series(1, 2)":                             "SELECT",
		"SELECT 1":                                                        "SELECT",
		"SELECT a FROM t FOR UPDATE":                                      "SELECT t",
		"SELECT a FROM t UNION SELECT b FROM u":                           "SELECT t SELECT u",
		"SELECT a FROM LATERAL (SELECT b FROM t) x":                       "SELECT SELECT t",
		"INSERT INTO t(a) VALUES (1) ON CONFLICT (a) DO UPDATE SET a = 2": "INSERT t",
		"INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 2":          "INSERT t",
		"INSERT INTO t (update, delete) VALUES (1, 2)":                    "INSERT t",
		"REPLACE INTO t VALUES (1)":                                       "REPLACE t",
		"UPDATE t SET a = (SELECT b FROM u) WHERE c = 1":                  "UPDATE t SELECT u",
		"UPDATE t SET a = u.a FROM u WHERE t.b = u.b":                     "UPDATE t u",
		"UPDATE ONLY t SET a = 1":                                         "UPDATE t",
		"DELETE FROM t WHERE a = 1":                                       "DELETE t",
		"delete from only t":                                              "delete t",
		"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT (b) VALUES (1)": "MERGE t u",
		"WITH x AS (SELECT a FROM t) SELECT a FROM x JOIN u ON x.a = u.a":                                                  "SELECT t SELECT u",
		"WITH RECURSIVE x(a) AS (SELECT 1), y AS (SELECT 2) SELECT * FROM x, y":                                            "SELECT SELECT SELECT",
		"WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x":                                              "DELETE t INSERT u SELECT",
		"EXPLAIN ANALYZE DELETE FROM t":                                          "EXPLAIN DELETE t",
		"CREATE TABLE IF NOT EXISTS t (a int REFERENCES u(a) ON DELETE CASCADE)": "CREATE TABLE t",
		"CREATE TABLE t(a int)":                                                  "CREATE TABLE t",
		"CREATE TEMPORARY TABLE t AS SELECT a FROM u":                            "CREATE TABLE t SELECT u",
		"create unique index i on t (a)":                                         "create index i",
		"ALTER TABLE t ADD COLUMN a int, DROP COLUMN b":                          "ALTER TABLE t",
		"DROP TABLE IF EXISTS t, u":                                              "DROP TABLE t u",
		"CREATE DATABASE shop":                                                   "CREATE DATABASE shop",
		"TRUNCATE t, u":                                                          "TRUNCATE t u",
		"TRUNCATE TABLE t":                                                       "TRUNCATE t",
		"EXEC p @a = 1":                                                          "EXEC p",
		"USE shop":                                                               "USE shop",
		"SET search_path = s":                                                    "SET",
		"SHOW TABLES":                                                            "SHOW",
		"PRAGMA foreign_keys = ON":                                               "PRAGMA",
		"GRANT SELECT, UPDATE ON t TO u":                                         "GRANT",
		"COPY t (a) FROM STDIN":                                                  "COPY t",
		"BEGIN":                                                                  "BEGIN",
		"SELECT a FROM t; DELETE FROM u":                                         "SELECT t DELETE u",
		"VALUES (1)":                                                             "VALUES",
		"averyveryverylongname SELECT":                                           "SELECT",
		"secret stuff":                                                           "",
		"":                                                                       "",
		"((((":                                                                   "",
		strings.Repeat("(", 2*maxDepth) + "SELECT a FROM t, u": "SELECT t u",
	} {
		s, ok := sanitize(query, false, sqllexer.DBMSPostgres)
		require.True(t, ok, query)
		assert.Equal(t, want, s.summary.text(), query)
	}
}

func TestSummaryHasWhatIsOne(t *testing.T) {
	for query, want := range map[string][3]string{
		"SELECT a FROM t":                      {"SELECT", "t", ""},
		"SELECT a FROM t x, t y":               {"SELECT", "t", ""},
		"SELECT a FROM t, u":                   {"SELECT", "", ""},
		"INSERT INTO t SELECT a FROM t":        {"", "t", ""},
		"INSERT INTO t SELECT a FROM u":        {"", "", ""},
		"CALL p(1)":                            {"CALL", "", "p"},
		"CREATE TABLE t (a int)":               {"CREATE TABLE", "t", ""},
		"DROP INDEX i":                         {"DROP INDEX", "", ""},
		"WITH x AS (SELECT 1) SELECT * FROM x": {"", "", ""},
		"":                                     {},
	} {
		s, ok := sanitize(query, false, sqllexer.DBMSPostgres)
		require.True(t, ok, query)
		assert.Equal(t, want, [3]string{single(s.summary.operations), single(s.summary.collections), single(s.summary.procedures)}, query)
	}
}

func TestSummaryIsShort(t *testing.T) {
	names := make([]string, 100)
	for i := range names {
		names[i] = strings.Repeat("é", 9)
	}
	s, ok := sanitize("SELECT a FROM "+strings.Join(names, ", "), false, sqllexer.DBMSPostgres)
	require.True(t, ok)
	text := s.summary.text()
	assert.Len(t, []rune(text), len("SELECT")+24*10) // not 25: 256 characters
	assert.True(t, strings.HasSuffix(text, names[0]))

	s, ok = sanitize("SELECT a FROM "+strings.Repeat("t, ", 10*maxWords), false, sqllexer.DBMSPostgres)
	require.True(t, ok)
	assert.Len(t, s.summary.words, maxWords)
}

// TestSummaryOfCut leaves a name out that is not all there.
func TestSummaryOfCut(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT a FROM item":    "SELECT",
		"SELECT a FROM s.":      "SELECT",
		`SELECT a FROM "s".ite`: "SELECT",
		"SELECT a FROM items ":  "SELECT items",
		"SELECT a FROM t, ite":  "SELECT t",
	} {
		s, ok := sanitize(query, true, sqllexer.DBMSPostgres)
		require.True(t, ok, query)
		assert.Equal(t, want, s.summary.text(), query)
	}
}
