// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql"
	"fmt"
	"sync"
)

// databases are those that commands have opened, so that later commands find warm connections.
var databases = pools{byKey: map[poolKey]*sql.DB{}}

type pools struct {
	mu    sync.Mutex
	byKey map[poolKey]*sql.DB
}

type poolKey struct {
	driver, dsn string
	connector   bool
	maxOpen     int
}

// open returns the database of a command.
func (p *pools) open(c command) (*sql.DB, error) {
	key := poolKey{driver: c.Driver, dsn: c.DSN, connector: c.Connector, maxOpen: c.MaxOpen}
	p.mu.Lock()
	defer p.mu.Unlock()
	if db, known := p.byKey[key]; known {
		return db, nil
	}
	db, err := openDB(c)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(c.MaxOpen)
	db.SetMaxIdleConns(100)
	p.byKey[key] = db
	return db, nil
}

// forget makes the next command open the database anew.
func (p *pools) forget(db *sql.DB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, known := range p.byKey {
		if known == db {
			delete(p.byKey, key)
		}
	}
}

func openDB(c command) (*sql.DB, error) {
	if !c.Connector {
		return sql.Open(c.Driver, c.DSN)
	}
	newConnector, known := connectors[c.Driver]
	if !known {
		return nil, fmt.Errorf("no connector of driver %q", c.Driver)
	}
	connector, err := newConnector(c.DSN)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
