// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Postgres is a PostgreSQL server that belongs to the tests of this process.
type Postgres struct {
	// Port is where it listens, on 127.0.0.1 and on a socket in Folder.
	Port   int
	Folder string

	command *exec.Cmd
	stdin   io.Closer
}

// postgresScript runs a server in the folder $1 on the port $2 until its own stdin ends, and leaves
// nothing behind. The test has the other end of stdin: it also ends when the test process is killed.
const postgresScript = `
folder=$1 port=$2
export PATH="$3:$PATH" LC_ALL=C PGDATA="$folder/data"
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
`

// postgres is the server that runs now, and how many tests use it.
var postgres struct {
	sync.Mutex
	users  int
	server *Postgres
}

// StartPostgres returns a PostgreSQL server of which this test and others that run at the same time are
// the only clients. It ends with the last of them, also when the test process is killed. Its database
// shop belongs to the role shop with the password secret, and has a table items (id, name, price) whose
// first three rows no test may change.
func StartPostgres(t testing.TB) *Postgres {
	t.Helper()
	postgres.Lock()
	defer postgres.Unlock()
	if postgres.users == 0 {
		server, err := newPostgres()
		if err != nil {
			t.Fatalf("start PostgreSQL (Debian package postgresql): %v", err)
		}
		postgres.server = server
	}
	postgres.users++
	t.Cleanup(func() {
		postgres.Lock()
		defer postgres.Unlock()
		if postgres.users--; postgres.users > 0 {
			return
		}
		if err := postgres.server.stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return postgres.server
}

// portAttempts is how often a server is started: somebody else may take the free port before it does.
const portAttempts = 3

func newPostgres() (server *Postgres, err error) {
	for range portAttempts {
		if server, err = startPostgres(); err == nil {
			break
		}
	}
	return server, err
}

func startPostgres() (*Postgres, error) {
	programs, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(programs) == 0 {
		return nil, fmt.Errorf("no programs in /usr/lib/postgresql: %w", os.ErrNotExist)
	}
	credential, err := credentialOf("postgres") // it does not run as root
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ebpfgo-postgres-")
	if err != nil {
		return nil, err
	}
	if err := os.Chown(folder, int(credential.Uid), int(credential.Gid)); err != nil {
		return nil, err
	}
	p := &Postgres{Port: port, Folder: folder}
	p.command = exec.Command("/bin/sh", "-c", postgresScript, "postgres", folder, strconv.Itoa(port), programs[len(programs)-1])
	p.command.Dir = "/"
	// In a process group of its own it does not see the signal by which a terminal ends the test.
	p.command.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.command.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(output)
	first, _ := reader.ReadString('\n')
	if first == "ready\n" {
		return p, nil
	}
	rest, _ := io.ReadAll(reader)
	return nil, fmt.Errorf("%w: %s%s", p.stop(), first, rest)
}

// stop ends the server and removes its folder.
func (p *Postgres) stop() error {
	if err := p.stdin.Close(); err != nil {
		return err
	}
	return p.command.Wait()
}

// DSN is a URL by which the role shop connects to the database shop.
func (p *Postgres) DSN() string {
	return fmt.Sprintf("postgres://shop:secret@127.0.0.1:%d/shop?sslmode=disable", p.Port)
}

// SocketDSN is DSN in the form of keywords, and over the socket.
func (p *Postgres) SocketDSN() string {
	return fmt.Sprintf("host=%s port=%d user=shop password='secret' dbname=shop sslmode=disable", p.Folder, p.Port)
}

// Address is the host and port on which the server listens.
func (p *Postgres) Address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port))
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

func credentialOf(name string) (*syscall.Credential, error) {
	account, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
