// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"github.com/DataDog/go-sqllexer"
	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// maxCached bounds the statements that are remembered, maxCachedLength the bytes of one.
	maxCached       = 2048
	maxCachedLength = 2048
)

// statementKey is all that what is told of a statement depends on.
type statementKey struct {
	query   string
	cut     bool
	dialect sqllexer.DBMSType
}

// told is what is told of a statement. An empty string is not told.
type told struct {
	text                             string // without literals
	summary                          string
	operation, collection, procedure string
}

// statementCache remembers what is told of statements, for taking one apart takes longer
// than all else of a span, and programs perform the same ones again and again.
type statementCache struct {
	recent *lru.Cache[statementKey, told]
}

func newStatementCache() statementCache {
	recent, err := lru.New[statementKey, told](maxCached)
	if err != nil {
		panic(err) // the size is not positive
	}
	return statementCache{recent}
}

func (c statementCache) tell(query string, cut bool, dialect sqllexer.DBMSType) told {
	key := statementKey{query, cut, dialect}
	if t, ok := c.recent.Get(key); ok {
		return t
	}
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
	if len(query) <= maxCachedLength {
		c.recent.Add(key, t)
	}
	return t
}
