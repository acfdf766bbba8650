// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

func TestServerCache(t *testing.T) {
	c := newServerCache()
	dsn := []byte("postgres://shop:secret@db.example:5432/orders")
	pq, mysql := kindOf(pqPackage+".Driver"), kindOf(mysqlPackage+".connector")
	want := server{address: "db.example", port: 5432, namespace: "orders"}
	first := c.tell(pq, connection{text: dsn})
	assert.Equal(t, want, first)
	again := c.tell(pq, connection{text: dsn})
	assert.Equal(t, want, again)
	assert.Same(t, unsafe.StringData(first.address), unsafe.StringData(again.address), "it was remembered")
	assert.Equal(t, 1, c.known.Len())
	assert.Zero(t, testing.AllocsPerRun(100, func() { c.tell(pq, connection{text: dsn}) }))

	// Whatever differs is another source, also where the bytes in a row are the same.
	for from, want := range map[*connection]server{
		{text: []byte("db"), database: []byte("orders")}:                    {address: "db", namespace: "orders"},
		{text: []byte("dbo"), database: []byte("rders")}:                    {address: "dbo", namespace: "rders"},
		{text: []byte("db"), database: []byte("order"), extra: []byte("s")}: {namespace: "order"},
		{text: []byte("db:3306"), database: []byte("orders")}:               {address: "db", port: 3306, namespace: "orders"},
	} {
		assert.Equal(t, want, c.tell(mysql, *from))
		assert.Equal(t, want, c.tell(mysql, *from), "again")
	}
	host := kindOf(pqPackage + ".Connector")
	for _, port := range []int{0, 1, 256} {
		assert.Equal(t, server{address: "db", port: port, namespace: "orders"},
			c.tell(host, connection{text: []byte("db"), database: []byte("orders"), port: port}))
	}
}

func TestServerCacheIsBounded(t *testing.T) {
	c := newServerCache()
	kind := kindOf(moderncPackage + ".Driver")
	for i := range 3 * maxServers {
		name := fmt.Sprintf("/data/%d.db", i)
		assert.Equal(t, server{namespace: name}, c.tell(kind, connection{text: []byte(name)}))
	}
	assert.LessOrEqual(t, c.known.Len(), maxServers)
}
