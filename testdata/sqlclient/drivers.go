// SPDX-License-Identifier: Apache-2.0

package main

import (
	"database/sql/driver"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/lib/pq"
	mssql "github.com/microsoft/go-mssqldb"
)

// connectors make connectors for sql.OpenDB, by the driver's name, in the way that its documentation
// shows. sql.Open makes one by itself, which may be of another type.
var connectors = map[string]func(dsn string) (driver.Connector, error){
	"postgres": func(dsn string) (driver.Connector, error) { return pq.NewConnector(dsn) },
	"pgx": func(dsn string) (driver.Connector, error) {
		config, err := pgx.ParseConfig(dsn)
		if err != nil {
			return nil, err
		}
		return stdlib.GetConnector(*config), nil
	},
	"mysql": func(dsn string) (driver.Connector, error) {
		config, err := mysql.ParseDSN(dsn)
		if err != nil {
			return nil, err
		}
		return mysql.NewConnector(config)
	},
	"sqlserver": func(dsn string) (driver.Connector, error) { return mssql.NewConnector(dsn) },
}
