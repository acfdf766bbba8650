// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strings"
	"testing"

	"github.com/DataDog/go-sqllexer"
	"github.com/stretchr/testify/assert"
)

const (
	postgres = sqllexer.DBMSPostgres
	mysql    = sqllexer.DBMSMySQL
	mssql    = sqllexer.DBMSSQLServer
	sqlite   = sqliteDialect
	unknown  = sqllexer.DBMSType("")
)

func TestSanitize(t *testing.T) {
	for _, test := range []struct {
		query   string
		dialect sqllexer.DBMSType
		want    string
	}{
		{"SELECT name FROM items WHERE id = $1", postgres, "SELECT name FROM items WHERE id = $1"},
		{"SELECT 'secret', 42, -4.2e1, 0x2a, TRUE, NULL", postgres, "SELECT ?, ?, ?, ?, ?, NULL"},
		{"SELECT 'it''s secret', E'it\\'s secret', 'back\\', 'secret'", postgres, "SELECT ?, E?, ?, ?"},
		{"SELECT $$secret$$, $tag$a $$ secret$tag$", postgres, "SELECT ?, ?"},
		{`SELECT "name" FROM "items" WHERE "id" = 1`, postgres, `SELECT "name" FROM "items" WHERE "id" = ?`},
		{"SELECT 0b101, 1_000_000", postgres, "SELECT ?, ?"},
		{"SELECT a -- secret\nFROM t /* secret */ WHERE b", postgres, "SELECT a \nFROM t   WHERE b"},
		{"SELECT a/* secret */FROM t WHERE b/c", postgres, "SELECT a FROM t WHERE b/c"},
		{"SELECT a FROM t/* don't */ WHERE b = 'it''s secret'", postgres, "SELECT a FROM t  WHERE b = ?"},
		{"", postgres, ""},
		{"  SELECT 1  ", postgres, "SELECT ?"},
		{"SELECT a FROM t\x00 'secret'", postgres, "SELECT a FROM t"},

		{`SELECT "secret", 'it\'s secret' FROM ` + "`items`", mysql, "SELECT ?, ? FROM `items`"},
		{`SELECT a FROM t WHERE a LIKE"my secret"`, mysql, ""},
		{"SELECT a FROM t # secret", mysql, "SELECT a FROM t"},
		{"SELECT a FROM t# secret", mysql, "SELECT a FROM t"},
		{`SELECT [name] FROM [items] WHERE a = N'secret\' AND b = 'secret'`, mssql, "SELECT [name] FROM [items] WHERE a = N? AND b = ?"},
		{`SELECT a FROM "items" WHERE b = "secret" AND c = 'back\'`, sqlite, `SELECT a FROM "items" WHERE b = ? AND c = ?`},
		{`SELECT a FROM "items" WHERE b = "secret"`, unknown, `SELECT a FROM "items" WHERE b = ?`},
		{`SELECT a FROM items WHERE b = 'back\' AND c = 'secret'`, unknown, ""},

		// Where the lexer cannot be right about the quotes.
		{"SELECT a FROM t WHERE b = 'secret", postgres, ""},
		{`SELECT a FROM "secret`, postgres, ""},
		{"SELECT $tag$secret", postgres, ""},
	} {
		s, ok := sanitize(test.query, false, test.dialect)
		assert.Equal(t, test.want, s.text, "%s: %s", test.dialect, test.query)
		assert.Equal(t, test.want != "" || test.query == "", ok, "%s: %s", test.dialect, test.query)
	}
}

// TestSanitizeCut cuts a statement at each of its bytes.
func TestSanitizeCut(t *testing.T) {
	const secret = "secretsecret"
	for _, dialect := range []sqllexer.DBMSType{postgres, mysql, mssql, sqlite, unknown} {
		quote := `'`
		if dialect == mysql || dialect == sqlite || dialect == unknown {
			quote = `"`
		}
		query := "SELECT name FROM items WHERE a = '" + secret + "' AND b = " + quote + secret + quote + " /* " + secret + " */ AND c = N'" + secret + "'"
		if dialect == postgres {
			query += " AND d = $$" + secret + "$$ AND e = $x$" + secret + "$x$"
		}
		for end := range len(query) {
			s, ok := sanitize(query[:end], true, dialect)
			assert.True(t, ok, "%s: %s", dialect, query[:end])
			assert.NotContains(t, s.text, "s"+"ec", "%s: %s", dialect, query[:end])
			for _, word := range s.summary.words {
				assert.Contains(t, "SELECT items", word.text, "%s: %s", dialect, query[:end])
			}
		}
	}
}

func FuzzSanitize(f *testing.F) {
	for _, query := range []string{
		"SELECT a FROM t WHERE b = 'c' AND d = 1", "WITH x AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM x", `"a"."b`, "`", "[", "$$", "$a$", "'\\",
		"/*", "--", "#", "@@", "0x", "((((", "))))", "a.b.c", ".", ";;", "\xff\xfe", "SELECT é FROM ü", "CREATE TABLE t (a int)", "COPY t FROM STDIN",
	} {
		for dialect := range 5 {
			f.Add(query, false, dialect)
			f.Add(query, true, dialect)
		}
	}
	dialects := []sqllexer.DBMSType{postgres, mysql, mssql, sqlite, unknown}
	f.Fuzz(func(t *testing.T, query string, cut bool, dialect int) {
		s, ok := sanitize(query, cut, dialects[uint(dialect)%uint(len(dialects))])
		if !ok && (s.text != "" || s.summary.words != nil) {
			t.Errorf("%q is told as %+v", query, s)
		}
		if text := s.summary.text(); len([]rune(text)) > maxSummary {
			t.Errorf("%q has a summary of %d characters", query, len([]rune(text)))
		}
		for _, word := range s.summary.words {
			for _, part := range strings.FieldsFunc(word.text, func(r rune) bool { return r == ' ' || r == '.' }) {
				if !strings.Contains(query, part) {
					t.Errorf("%q has a summary with %q", query, part)
				}
			}
		}
	})
}
