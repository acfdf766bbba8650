// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/DataDog/go-sqllexer"
	"github.com/stretchr/testify/assert"
)

func TestStatementCache(t *testing.T) {
	const query = `SELECT "name" FROM products WHERE id = 7`
	c := newStatementCache()
	first := c.tell(query, false, sqllexer.DBMSPostgres)
	assert.Equal(t, told{
		text: `SELECT "name" FROM products WHERE id = ?`, summary: "SELECT products", operation: "SELECT", collection: "products",
	}, first)
	assert.Equal(t, first, c.tell(query, false, sqllexer.DBMSPostgres), "again")
	assert.Equal(t, 1, c.recent.Len())

	mysql := c.tell(query, false, sqllexer.DBMSMySQL)
	assert.NotContains(t, mysql.text, "name", "of another dialect, in which it may be a literal")
	c.tell(query, true, sqllexer.DBMSPostgres)
	assert.Equal(t, 3, c.recent.Len())

	for i := range 2 * maxCached {
		c.tell(fmt.Sprint("SELECT ", i), false, "")
	}
	assert.Equal(t, maxCached, c.recent.Len())
	c.tell("SELECT '"+strings.Repeat("x", maxCachedLength)+"'", false, "")
	assert.Equal(t, maxCached, c.recent.Len())
	_, kept := c.recent.Peek(statementKey{query: "SELECT '" + strings.Repeat("x", maxCachedLength) + "'"})
	assert.False(t, kept, "long ones are not remembered")
}

func BenchmarkTell(b *testing.B) {
	c := newStatementCache()
	const query = "SELECT name, price FROM products p JOIN shops s ON p.shop = s.id WHERE id = 7 AND shop = 'main'"
	b.ReportAllocs()
	for b.Loop() {
		c.tell(query, false, sqllexer.DBMSPostgres)
	}
}
