// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestServers(t *testing.T) {
	for _, test := range []struct {
		parse  func(source) server
		source source
		want   server
	}{
		{parsePostgres, source{text: "postgres://u:p@db.example:5433/shop?sslmode=disable"}, server{"db.example", 5433, "shop"}},
		{parsePostgres, source{text: "postgresql://db.example/shop"}, server{"db.example", 0, "shop"}},
		{parsePostgres, source{text: "postgres://u:p@[2001:db8::1]:5432/shop?search_path=sales,public"}, server{"2001:db8::1", 5432, "shop|sales"}},
		{parsePostgres, source{text: "postgres:///shop?host=/run/postgresql&port=5433"}, server{"/run/postgresql", 0, "shop"}},
		{parsePostgres, source{text: "postgres://a.example,b.example/shop"}, server{"", 0, "shop"}},
		{parsePostgres, source{text: "postgres://u:p%zz@h/shop"}, server{}},
		{parsePostgres, source{text: "host=db.example port=5432 user=u password=p dbname=shop"}, server{"db.example", 5432, "shop"}},
		{parsePostgres, source{text: `host = 'db.example' password='a b\' host=evil' dbname=shop`}, server{"db.example", 0, "shop"}},
		{parsePostgres, source{text: `password=a\ host=evil host=db.example`}, server{"db.example", 0, ""}},
		{parsePostgres, source{text: "host=a.example,b.example port=1,2 dbname=shop"}, server{"", 0, "shop"}},
		{parsePostgres, source{text: "host=/run/postgresql port=5432 dbname=shop"}, server{"/run/postgresql", 0, "shop"}},
		{parsePostgres, source{text: "hostaddr=192.0.2.1 port=5432 search_path='\"Sales\", public'"}, server{"192.0.2.1", 5432, "Sales"}},
		{parsePostgres, source{text: "host=db.example password='open"}, server{}},
		{parsePostgres, source{text: "host=db.example secret"}, server{}},
		{parsePostgres, source{text: "registeredConnConfig0"}, server{}},
		{parsePostgres, source{text: ""}, server{}},

		{hostAndDatabase, source{text: "db.example", port: 5432, database: "shop"}, server{"db.example", 5432, "shop"}},
		{hostAndDatabase, source{text: "/run/postgresql", port: 5432, database: "shop"}, server{"/run/postgresql", 0, "shop"}},
		{hostAndDatabase, source{text: "@socket", port: 5432}, server{"@socket", 0, ""}},
		{hostAndDatabase, source{text: "db.example", port: 65536}, server{"db.example", 0, ""}},
		{hostAndDatabase, source{port: 5432}, server{}},
		{hostAndInstance, source{text: "db.example", port: 1433, extra: "sales", database: "shop"}, server{"db.example", 1433, "sales|shop"}},
		{hostAndInstance, source{text: "db.example", extra: "sales"}, server{"db.example", 0, "sales"}},

		{mysqlAddress, source{text: "db.example:3306", extra: "tcp", database: "shop"}, server{"db.example", 3306, "shop"}},
		{mysqlAddress, source{text: "[2001:db8::1]:3306", extra: "tcp"}, server{"2001:db8::1", 3306, ""}},
		{mysqlAddress, source{text: "/run/mysqld.sock", extra: "unix", database: "shop"}, server{"/run/mysqld.sock", 0, "shop"}},
		{mysqlAddress, source{text: "project:region:instance", extra: "cloudsql", database: "shop"}, server{"", 0, "shop"}},
		{parseMySQL, source{text: "u:p@tcp(db.example:3306)/shop?parseTime=true"}, server{"db.example", 3306, "shop"}},
		{parseMySQL, source{text: "u:p/@(w@tcp(db.example:3306)/shop%20two"}, server{"db.example", 3306, "shop two"}},
		{parseMySQL, source{text: "u:p@unix(/run/mysqld.sock)/shop"}, server{"/run/mysqld.sock", 0, "shop"}},
		{parseMySQL, source{text: "/shop"}, server{"", 0, "shop"}},
		{parseMySQL, source{text: "u:p@tcp(db.example:3306)"}, server{}},

		{parseSQLite, source{text: "shop.db"}, server{"", 0, "shop.db"}},
		{parseSQLite, source{text: ":memory:"}, server{"", 0, ":memory:"}},
		{parseSQLite, source{text: "/srv/shop.db?_auth_pass=p"}, server{"", 0, "/srv/shop.db"}},
		{parseSQLite, source{text: "file:shop.db?mode=ro#part"}, server{"", 0, "shop.db"}},
		{parseSQLite, source{text: "file:///srv/shop.db?cache=shared"}, server{"", 0, "/srv/shop.db"}},
		{parseSQLite, source{text: "file://localhost/srv/shop.db"}, server{"", 0, "/srv/shop.db"}},
		{parseSQLite, source{text: "file://localhost"}, server{"", 0, "/"}},

		{parseSQLServer, source{text: "sqlserver://u:p@db.example:1433/sales?database=shop"}, server{"db.example", 1433, "sales|shop"}},
		{parseSQLServer, source{text: "sqlserver://u:p@db.example?database=shop"}, server{"db.example", 0, "shop"}},
		{parseSQLServer, source{text: "sqlserver://u:p%zz@db.example"}, server{}},
		{parseSQLServer, source{text: "server=db.example;port=1433;user id=u;password=p;database=shop"}, server{"db.example", 1433, "shop"}},
		{parseSQLServer, source{text: `Server=tcp:db.example\sales,1434; Initial Catalog = shop ;Password="a;""server=evil"`}, server{"db.example", 1434, "sales|shop"}},
		{parseSQLServer, source{text: `server=(local)\sales`}, server{"localhost", 0, "sales"}},
		{parseSQLServer, source{text: "odbc:server=db.example;pwd={a;}}server=evil};database={shop}"}, server{"db.example", 0, "shop"}},
		{parseSQLServer, source{text: "encrypt;server=db.example"}, server{"db.example", 0, ""}},
		{parseSQLServer, source{text: "server=db.example;password"}, server{"db.example", 0, ""}},
		{parseSQLServer, source{text: ""}, server{}},
	} {
		assert.Equal(t, test.want, test.parse(test.source), "%q", test.source)
	}
}

// passwords are in data source names where each driver takes them.
var passwords = map[string]func(source) server{
	"postgres://u:%s@db.example:5432/shop?search_path=sales": parsePostgres,
	"host=db.example user=u password=%s dbname=shop":         parsePostgres,
	"host=db.example user=u password='%s' dbname=shop":       parsePostgres,
	"u:%s@tcp(db.example:3306)/shop?parseTime=true":          parseMySQL,
	"file:shop.db?_auth_user=u&_auth_pass=%s":                parseSQLite,
	"sqlserver://u:%s@db.example:1433/sales?database=shop":   parseSQLServer,
	"server=db.example;user id=u;password=%s;database=shop":  parseSQLServer,
	`server=db.example;password="%s";database=shop`:          parseSQLServer,
	"odbc:server=db.example;pwd={%s};database=shop":          parseSQLServer,
}

func TestPasswordsAreNotTold(t *testing.T) {
	for format, parse := range passwords {
		text := fmt.Sprintf(format, "secret")
		assert.NotContains(t, fmt.Sprint(parse(source{text: text})), "secret", text)
		assert.NotEqual(t, server{}, parse(source{text: text}), text)
	}
}

// FuzzPassword puts any password where no character of it can end it.
func FuzzPassword(f *testing.F) {
	f.Add("p@/(:)?&#=%")
	f.Add("a b'c\\d")
	f.Add("a;\"b}{")
	f.Fuzz(func(t *testing.T, password string) {
		if strings.ContainsAny(password, "@/:?&#%[]\\'\"{};= \t\r\n\x00") || len(password) < 6 || strings.Contains("search_path parseTime db.example", password) {
			return
		}
		for format, parse := range passwords {
			if told := fmt.Sprint(parse(source{text: fmt.Sprintf(format, password)})); strings.Contains(told, password) {
				t.Errorf("%q of %q is told: %s", password, format, told)
			}
		}
	})
}

func FuzzSource(f *testing.F) {
	for _, text := range []string{
		"postgres://u:p@h:1/d?search_path=s", "host='a\\'b' port=1", "u:p@tcp(h:1)/d?x", "file://h/p?x#y", "sqlserver://u:p@h:1/i?database=d",
		`server=tcp:h\i,1;pwd="a;""b"`, "odbc:server={h};pwd={a}}b}", "", "=", "'", "\xff\x00",
		"[",
	} {
		f.Add(text, "d", "unix", int64(1))
	}
	f.Fuzz(func(t *testing.T, text, database, extra string, port int64) {
		for _, kind := range connectorKinds {
			told := kind.server(source{text: text, database: database, extra: extra, port: int(port)})
			if told.port < 0 || told.port > 0xffff || told.port != 0 && told.address == "" {
				t.Errorf("%+v of %q", told, text)
			}
			if length := len(text) + len(database) + len(extra) + len("localhost||"); len(told.address) > length || len(told.namespace) > length {
				t.Errorf("%+v of %q is longer than that", told, text)
			}
		}
	})
}
