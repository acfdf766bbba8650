// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"github.com/DataDog/go-sqllexer"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

const (
	// maxCached bounds the statements that are remembered, maxCachedLength the bytes of one.
	maxCached       = 2048
	maxCachedLength = 2048
)

// told is what is told of a statement. An empty string is not told.
type told struct {
	text                             string // without literals
	summary                          string
	operation, collection, procedure string
}

// statementCache remembers what is told of statements, for taking one apart takes longer
// than all else of a span, and programs perform the same ones again and again.
type statementCache struct {
	known *instrument.Memory[told]
	key   []byte // to be used again
}

func newStatementCache() *statementCache {
	return &statementCache{known: instrument.NewMemory[told](maxCached)}
}

// tell takes a statement apart, or the beginning of one that is cut.
func (c *statementCache) tell(text []byte, cut bool, dialect sqllexer.DBMSType) told {
	whole := byte(1)
	if cut {
		whole = 0
	}
	// All that what is told depends on. No dialect has a name with a zero byte.
	c.key = append(append(append(c.key[:0], dialect...), 0, whole), text...)
	if t, ok := c.known.Get(c.key); ok {
		return t
	}
	query := queryOf(text, cut)
	found, ok := sanitize(query, cut, dialect)
	t := told{
		summary:    found.summary.text(),
		operation:  single(found.summary.operations),
		collection: single(found.summary.collections),
		procedure:  single(found.summary.procedures),
	}
	if ok {
		t.text = found.text
	}
	if len(text) <= maxCachedLength {
		c.known.Put(c.key, t)
	}
	return t
}
