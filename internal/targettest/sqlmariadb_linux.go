// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"fmt"
	"testing"
)

// MariaDB is a MariaDB server, which speaks the protocol of MySQL. It belongs to the tests of this process.
type MariaDB struct{ *database }

// Without the grant tables it needs nothing that the package's tools would have to install first.
var mariaDB = databases{debian: "mariadb-server-core", account: "nobody", script: `
folder=$1 port=$2
trap 'rm -rf "$folder"' EXIT

start() {
	mkdir "$folder/data"
	cat >"$folder/init.sql" <<-END
		CREATE DATABASE shop;
		CREATE TABLE shop.items (id integer AUTO_INCREMENT PRIMARY KEY, name text NOT NULL, price integer);
		INSERT INTO shop.items (name, price) VALUES ('hammer', 10), ('nail', 1), ('saw', 15);
	END
	mariadbd --no-defaults --skip-grant-tables --skip-name-resolve --datadir="$folder/data" --pid-file="$folder/pid" \
		--socket="$folder/socket" --bind-address=127.0.0.1 --port="$port" --init-file="$folder/init.sql" &
	until grep -q 'ready for connections' "$folder/log"; do
		kill -0 $! || return
		sleep 0.02
	done
}

if start >>"$folder/log" 2>&1; then
	echo ready
	cat >/dev/null
else
	tail -n 20 "$folder/log"
fi
kill -KILL $!
wait
`}

// StartMariaDB returns a MariaDB server, shared as that of StartPostgres is, with the same table items
// in a database shop. It accepts any user.
func StartMariaDB(t testing.TB) *MariaDB {
	t.Helper()
	return &MariaDB{mariaDB.use(t)}
}

// DSN is the data source name of the database shop for github.com/go-sql-driver/mysql.
func (m *MariaDB) DSN() string {
	return fmt.Sprintf("shop:secret@tcp(%s)/shop", m.Address())
}

// SocketDSN is DSN over the socket.
func (m *MariaDB) SocketDSN() string {
	return fmt.Sprintf("shop:secret@unix(%s/socket)/shop", m.Folder)
}
