// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"encoding/binary"
	"hash/maphash"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// maxServers bounds the servers that are remembered.
const maxServers = 1024

// connection is a source as the kernel side read it.
type connection struct {
	text, database, extra []byte
	port                  int
}

// serverCache remembers which servers sources name, by hashes of them under keys of its
// own: a data source name has passwords, and is not to be kept.
type serverCache struct {
	known  *instrument.Memory[server]
	hashes [2]maphash.Hash // two, so that no two sources are taken for one
	key    []byte          // to be used again, so is number
	number [8]byte
}

func newServerCache() *serverCache {
	return &serverCache{known: instrument.NewMemory[server](maxServers)}
}

// tell returns what a connector's entry in the table of drivers makes of a source.
func (c *serverCache) tell(kind *connectorKind, from connection) server {
	c.key = c.key[:0]
	for i := range c.hashes {
		c.key = binary.LittleEndian.AppendUint64(c.key, c.hash(&c.hashes[i], kind, from))
	}
	if at, ok := c.known.Get(c.key); ok {
		return at
	}
	at := kind.server(source{text: string(from.text), database: string(from.database), extra: string(from.extra), port: from.port})
	// What is left of a data source name must not keep the whole of it in memory.
	at.address, at.namespace = strings.Clone(at.address), strings.Clone(at.namespace)
	c.known.Put(c.key, at)
	return at
}

func (c *serverCache) hash(h *maphash.Hash, kind *connectorKind, from connection) uint64 {
	h.Reset()
	h.WriteByte(kind.place)
	c.write(h, uint64(from.port))
	for _, part := range [...][]byte{from.text, from.database, from.extra} {
		c.write(h, uint64(len(part)))
		h.Write(part)
	}
	return h.Sum64()
}

func (c *serverCache) write(h *maphash.Hash, number uint64) {
	binary.LittleEndian.PutUint64(c.number[:], number)
	h.Write(c.number[:])
}
