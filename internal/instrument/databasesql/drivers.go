// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"github.com/DataDog/go-sqllexer"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// The packages of the drivers.
const (
	pqPackage        = "github.com/lib/pq"
	pgxPackage       = "github.com/jackc/pgx/v5"
	pgconnPackage    = "github.com/jackc/pgx/v5/pgconn"
	pgxV4Package     = "github.com/jackc/pgx/v4"
	pgconnV4Package  = "github.com/jackc/pgconn"
	mysqlPackage     = "github.com/go-sql-driver/mysql"
	moderncPackage   = "modernc.org/sqlite"
	mattnPackage     = "github.com/mattn/go-sqlite3"
	mssqlPackage     = "github.com/microsoft/go-mssqldb"
	denisenkoPackage = "github.com/denisenkom/go-mssqldb"
)

// sqliteDialect is the dialect of the lexer in which no string has escapes.
const sqliteDialect = sqllexer.DBMSDB2

// drivers are the drivers that are known. To add one, add its entry, and a parser if its
// data source names have a form of their own.
var drivers = []driver{
	{
		system:  semconv.DBSystemNamePostgreSQL,
		dialect: sqllexer.DBMSPostgres,
		connectors: []connector{
			{typeName: pqPackage + ".Driver", server: parsePostgres},
			{
				typeName: pqPackage + ".Connector", server: hostAndDatabase, within: []string{pqPackage + ".Connector.cfg"},
				source: pqPackage + ".Config.Host", port: pqPackage + ".Config.Port", portSize: 2, database: pqPackage + ".Config.Database",
			},
			{typeName: pqPackage + ".Connector", server: hostAndDatabase}, // before 1.11, a map has it all
		},
		errors: []codedError{{typeName: "*" + pqPackage + ".Error", field: "Code", kind: codeString}},
	},
	pgx(pgxPackage, pgconnPackage),
	pgx(pgxV4Package, pgconnV4Package),
	{
		system:  semconv.DBSystemNameMySQL,
		dialect: sqllexer.DBMSMySQL,
		connectors: []connector{
			{ // from 1.5
				typeName: mysqlPackage + ".connector", server: mysqlAddress, behind: mysqlPackage + ".connector.cfg",
				source: mysqlPackage + ".Config.Addr", database: mysqlPackage + ".Config.DBName", extra: mysqlPackage + ".Config.Net",
			},
			{typeName: mysqlPackage + ".MySQLDriver", server: parseMySQL},
		},
		errors: []codedError{{typeName: "*" + mysqlPackage + ".MySQLError", field: "Number", kind: codeUint16}},
	},
	{
		system:  semconv.DBSystemNameSQLite,
		dialect: sqliteDialect,
		connectors: []connector{
			{typeName: moderncPackage + ".Driver", server: parseSQLite},
			{typeName: moderncPackage + ".connector", server: parseSQLite, source: moderncPackage + ".connector.dsn"},
		},
		errors: []codedError{{typeName: "*" + moderncPackage + ".Error", field: "code", kind: codeInt64}},
	},
	{
		system:     semconv.DBSystemNameSQLite,
		dialect:    sqliteDialect,
		connectors: []connector{{typeName: mattnPackage + ".SQLiteDriver", server: parseSQLite}},
		errors:     []codedError{{typeName: mattnPackage + ".Error", field: "ExtendedCode", kind: codeInt64}},
	},
	sqlServer(mssqlPackage),
	sqlServer(denisenkoPackage),
}

// pgx is github.com/jackc/pgx/…/stdlib.
func pgx(pgx, pgconn string) driver {
	return driver{
		system:  semconv.DBSystemNamePostgreSQL,
		dialect: sqllexer.DBMSPostgres,
		connectors: []connector{
			{typeName: pgx + "/stdlib.driverConnector", server: parsePostgres, source: pgx + "/stdlib.driverConnector.name"},
			{
				typeName: pgx + "/stdlib.connector", server: hostAndDatabase,
				within: []string{pgx + "/stdlib.connector.ConnConfig", pgx + ".ConnConfig.Config"},
				source: pgconn + ".Config.Host", port: pgconn + ".Config.Port", portSize: 2, database: pgconn + ".Config.Database",
			},
		},
		errors: []codedError{
			{typeName: "*" + pgconn + ".PgError", field: "Code", kind: codeString},
			{typeName: "*" + pgconn + ".ConnectError", field: "err", kind: codeWrapped},
			{typeName: "*" + pgconn + ".connectError", field: "err", kind: codeWrapped},
			{typeName: "*" + pgconn + ".PrepareError", field: "err", kind: codeWrapped},
			{typeName: "*" + pgconn + ".pgconnError", field: "err", kind: codeWrapped},
		},
	}
}

// sqlServer is a go-mssqldb, which has had two owners.
func sqlServer(mssql string) driver {
	config := mssql + "/msdsn.Config"
	return driver{
		system:  semconv.DBSystemNameMicrosoftSQLServer,
		dialect: sqllexer.DBMSSQLServer,
		connectors: []connector{
			{
				typeName: mssql + ".Connector", server: hostAndInstance, within: []string{mssql + ".Connector.params"},
				source: config + ".Host", port: config + ".Port", portSize: 8, database: config + ".Database", extra: config + ".Instance",
			},
			{ // before 0.10
				typeName: mssql + ".Connector", server: hostAndInstance, within: []string{mssql + ".Connector.params"},
				source: mssql + ".connectParams.host", port: mssql + ".connectParams.port", portSize: 8,
				database: mssql + ".connectParams.database", extra: mssql + ".connectParams.instance",
			},
			{typeName: mssql + ".Driver", server: parseSQLServer},
		},
		errors: []codedError{{typeName: mssql + ".Error", field: "Number", kind: codeInt32}},
	}
}

// driver is an entry in the table of drivers.
type driver struct {
	system     attribute.KeyValue // db.system.name
	dialect    sqllexer.DBMSType
	connectors []connector
	errors     []codedError
}

// connector is a type of driver.Connector, or of the driver.Driver that sql.Open makes one
// for. Fields are named by package, struct and field.
type connector struct {
	typeName string // of a struct: both it and a pointer to it are looked for

	// The fields that what follows is in: a pointer to a struct, or structs that are
	// embedded in each other, outermost first.
	behind string
	within []string

	source, database, extra string // strings
	port                    string // an unsigned number of portSize bytes
	portSize                uint8

	// server makes sense of the fields, or of a data source name.
	server func(source) server
}

// The kinds of codes that errors have, enum code_kind.
const (
	codeString  = 1
	codeUint16  = 2
	codeInt32   = 3
	codeInt64   = 4
	codeWrapped = 5 // the field is another error
)

// codedError is a type of error that has the code of a failure in a field.
type codedError struct {
	typeName string // of a struct, or of a pointer to one
	field    string
	kind     uint16
}

// wrappers are errors of the standard library that drivers wrap theirs in.
var wrappers = []codedError{{typeName: "*fmt.wrapError", field: "err", kind: codeWrapped}}

// connectorKinds are the connectors of all drivers; events name one by its place in it.
var connectorKinds = func() (kinds []connectorKind) {
	for i := range drivers {
		for j := range drivers[i].connectors {
			kinds = append(kinds, connectorKind{&drivers[i].connectors[j], &drivers[i], uint8(len(kinds))})
		}
	}
	return kinds
}()

type connectorKind struct {
	*connector
	driver *driver
	place  uint8
}
