// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	_ "modernc.org/sqlite" // the driver "sqlite", which needs no C

	"example.com/shop/products"
)

// schema makes the table of products, and fills it the first time.
const schema = `
CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL);
INSERT OR IGNORE INTO products (id, name, price) VALUES
	(1, 'a pair of binoculars', 12900),
	(2, 'a notebook', 450),
	(3, 'a telescope', 89900);`

// store is the products in the database.
type store struct{ db *sql.DB }

func open(file string) (*store, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	if _, err := db.Exec(schema); err != nil {
		return nil, err
	}
	return &store{db}, nil
}

// GetProduct is a call of products.Server.
func (s *store) GetProduct(ctx context.Context, id int64) (products.Product, error) {
	product := products.Product{ID: id}
	err := s.db.QueryRowContext(ctx, "SELECT name, price FROM products WHERE id = ?", id).Scan(&product.Name, &product.Price)
	if errors.Is(err, sql.ErrNoRows) {
		return product, status.Errorf(codes.NotFound, "there is no product %d", id)
	}
	return product, err
}

// ListProducts is a call of products.Server.
func (s *store) ListProducts(ctx context.Context, send func(products.Product) error) error {
	rows, err := s.db.QueryContext(ctx, "SELECT id, name, price FROM products ORDER BY name LIMIT 100")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var product products.Product
		if err := rows.Scan(&product.ID, &product.Name, &product.Price); err != nil {
			return err
		}
		if err := send(product); err != nil {
			return err
		}
	}
	return rows.Err()
}
