// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"net/http"

	_ "modernc.org/sqlite" // the driver "sqlite", which needs no C
)

// schema makes the tables, and fills the stock the first time.
const schema = `
CREATE TABLE IF NOT EXISTS stock (product INTEGER PRIMARY KEY, quantity INTEGER NOT NULL);
INSERT OR IGNORE INTO stock (product, quantity) VALUES (1, 1000), (2, 1000), (3, 1000);
CREATE TABLE IF NOT EXISTS orders (
	id INTEGER PRIMARY KEY, product INTEGER NOT NULL, quantity INTEGER NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL
);`

// order is what a customer wants. Its amount is in cents of its currency.
type order struct {
	product, quantity, amount int64
	currency                  string
}

// orders is the orders in the database, with what it takes to place one.
type orders struct {
	db      *sql.DB
	payment payment
}

func open(file string, payment payment) (*orders, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time: the others wait here, not for the file's lock, which fails.
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	return &orders{db, payment}, nil
}

// place takes an order and returns the HTTP status to answer with. Only an order that is paid for
// leaves a trace in the database.
func (s *orders) place(ctx context.Context, o order) (int, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // of what was not committed

	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (product, quantity, amount, currency) VALUES (?, ?, ?, ?)",
		o.product, o.quantity, o.amount, o.currency); err != nil {
		return 0, err
	}
	result, err := tx.ExecContext(ctx, "UPDATE stock SET quantity = quantity - ? WHERE product = ? AND quantity >= ?",
		o.quantity, o.product, o.quantity)
	if err != nil {
		return 0, err
	}
	if taken, err := result.RowsAffected(); err != nil {
		return 0, err
	} else if taken == 0 {
		return http.StatusConflict, nil
	}
	if answer, err := s.payment.charge(ctx, o.amount, o.currency); err != nil || answer != http.StatusCreated {
		return answer, err
	}
	return http.StatusCreated, tx.Commit()
}
