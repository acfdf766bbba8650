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
	first := c.tell([]byte(query), false, sqllexer.DBMSPostgres)
	assert.Equal(t, told{
		text: `SELECT "name" FROM products WHERE id = ?`, summary: "SELECT products", operation: "SELECT", collection: "products",
	}, first)
	assert.Equal(t, first, c.tell([]byte(query), false, sqllexer.DBMSPostgres), "again")
	assert.Equal(t, 1, c.known.Len())

	mysql := c.tell([]byte(query), false, sqllexer.DBMSMySQL)
	assert.NotContains(t, mysql.text, "name", "of another dialect, in which it may be a literal")
	c.tell([]byte(query), true, sqllexer.DBMSPostgres)
	assert.Equal(t, 3, c.known.Len())

	for i := range 2 * maxCached {
		c.tell(fmt.Append(nil, "SELECT ", i), false, "")
	}
	known := c.known.Len()
	assert.LessOrEqual(t, known, maxCached)
	c.tell([]byte("SELECT '"+strings.Repeat("x", maxCachedLength)+"'"), false, "")
	assert.Equal(t, known, c.known.Len(), "long ones are not remembered")
}

func BenchmarkTell(b *testing.B) {
	c := newStatementCache()
	const query = "SELECT name, price FROM products p JOIN shops s ON p.shop = s.id WHERE id = 7 AND shop = 'main'"
	b.ReportAllocs()
	text := []byte(query)
	for b.Loop() {
		c.tell(text, false, sqllexer.DBMSPostgres)
	}
}
