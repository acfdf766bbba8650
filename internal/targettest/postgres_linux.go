// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Postgres is a PostgreSQL server that belongs to the tests of this process.
type Postgres struct{ *database }

var postgres = databases{debian: "postgresql", account: "postgres", script: `
folder=$1 port=$2
export PATH="$(ls -d /usr/lib/postgresql/*/bin | sort --version-sort | tail -n 1):$PATH" LC_ALL=C PGDATA="$folder/data"
trap 'rm -rf "$folder"' EXIT

start() {
	initdb --username=postgres --auth=trust --encoding=UTF8 --no-sync --no-instructions &&
	pg_ctl start --wait --log="$folder/log" \
		--options="-p $port -k $folder -h 127.0.0.1 -c fsync=off -c max_connections=500" &&
	psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --host="$folder" --port="$port" --username=postgres <<-END
		CREATE ROLE shop LOGIN PASSWORD 'secret';
		CREATE DATABASE shop OWNER shop;
		\connect shop shop
		CREATE TABLE items (id serial PRIMARY KEY, name text NOT NULL, price integer);
		INSERT INTO items (name, price) VALUES ('hammer', 10), ('nail', 1), ('saw', 15);
	END
}

if start >>"$folder/log" 2>&1; then
	echo ready
	cat >/dev/null
else
	tail -n 20 "$folder/log"
fi
if pg_ctl status >/dev/null; then
	pg_ctl stop --mode=immediate --wait >/dev/null
fi
`}

// StartPostgres returns a PostgreSQL server of which this test and others that run at the same time are
// the only clients. It ends with the last of them, also when the test process is killed. Its database
// shop belongs to the role shop with the password secret, and has a table items (id, name, price) whose
// first three rows no test may change.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	return &Postgres{postgres.use(t)}
}

// DSN is a URL by which the role shop connects to the database shop.
func (p *Postgres) DSN() string {
	return fmt.Sprintf("postgres://shop:secret@%s/shop?sslmode=disable", p.Address())
}

// SocketDSN is DSN in the form of keywords, and over the socket.
func (p *Postgres) SocketDSN() string {
	return fmt.Sprintf("host=%s port=%d user=shop password='secret' dbname=shop sslmode=disable", p.Folder, p.Port)
}

// Ask runs a query with psql and returns the single value that it yields.
func (p *Postgres) Ask(t testing.TB, query string) string {
	t.Helper()
	command := exec.Command("psql", "--quiet", "--no-psqlrc", "--no-align", "--tuples-only",
		"--host="+p.Folder, "--port="+strconv.Itoa(p.Port), "--username=postgres", "--dbname=shop", "--command="+query)
	command.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	answer, err := command.Output()
	if err != nil {
		t.Fatalf("psql %s: %v\n%s", query, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(answer))
}
