// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// module is a module that is tracked.
type module struct {
	path string
	from string // the first version; older ones are not tracked

	// roots are what a program refers to so that it has all types that are read: functions
	// and variables as "net/http.ListenAndServe", types as "*net/http.Server".
	roots []string

	// split is the release of Go from which the module is another one by its build
	// constraints, or "".
	split string
}

var modules = []module{
	{
		path: offsetsdb.Std,
		from: "go1.18",
		roots: []string{
			"net/http.ListenAndServe", "*net/http.Server", "*net/http.Transport", "*net/http.Client",
			"*database/sql.DB", "*database/sql.Conn", "*database/sql.Tx", "*database/sql.Stmt", "database/sql.Open",
			"fmt.Errorf", "net.Dial", "*net.UnixAddr", "context.WithValue", "*bufio.Writer", "*bytes.Buffer",
		},
	},
	{
		path: "golang.org/x/net",
		from: "v0.12.0",
		roots: []string{
			"*golang.org/x/net/http2.Server", "*golang.org/x/net/http2.Transport", "*golang.org/x/net/http2.Framer",
			"*golang.org/x/net/http2/hpack.HeaderField", "golang.org/x/net/http2/h2c.NewHandler",
		},
		split: "go1.27", // a wrapper of net/http/internal/http2
	},
	{
		path: "google.golang.org/grpc",
		from: "v1.40.0",
		roots: []string{
			"google.golang.org/grpc.NewServer", "*google.golang.org/grpc.Server", "google.golang.org/grpc.Dial",
			"*google.golang.org/grpc.ClientConn", "*google.golang.org/grpc/peer.Peer",
			"google.golang.org/grpc/credentials.NewTLS", "google.golang.org/grpc/status.FromError",
			"google.golang.org/grpc/metadata.AppendToOutgoingContext",
		},
	},
	{path: "github.com/lib/pq", from: "v1.0.0", roots: []string{"*github.com/lib/pq.Driver", "github.com/lib/pq.NewConnector", "*github.com/lib/pq.Error"}},
	{
		path:  "github.com/jackc/pgx/v5",
		from:  "v5.0.0",
		roots: []string{"github.com/jackc/pgx/v5/stdlib.OpenDB", "github.com/jackc/pgx/v5/stdlib.GetDefaultDriver", "*github.com/jackc/pgx/v5/pgconn.PgError"},
	},
	{
		path:  "github.com/jackc/pgx/v4",
		from:  "v4.0.0",
		roots: []string{"github.com/jackc/pgx/v4/stdlib.OpenDB", "github.com/jackc/pgx/v4/stdlib.GetDefaultDriver"},
	},
	{
		path:  "github.com/jackc/pgconn",
		from:  "v1.0.0",
		roots: []string{"github.com/jackc/pgconn.Connect", "*github.com/jackc/pgconn.PgConn", "*github.com/jackc/pgconn.PgError"},
	},
	{
		path:  "github.com/go-sql-driver/mysql",
		from:  "v1.4.0",
		roots: []string{"*github.com/go-sql-driver/mysql.MySQLDriver", "*github.com/go-sql-driver/mysql.Config", "*github.com/go-sql-driver/mysql.MySQLError"},
	},
	{
		path:  "github.com/microsoft/go-mssqldb",
		from:  "v0.9.0",
		roots: []string{"*github.com/microsoft/go-mssqldb.Driver", "*github.com/microsoft/go-mssqldb.Connector", "*github.com/microsoft/go-mssqldb.Error"},
	},
	{
		path:  "github.com/denisenkom/go-mssqldb",
		from:  "v0.0.0",
		roots: []string{"*github.com/denisenkom/go-mssqldb.Driver", "*github.com/denisenkom/go-mssqldb.Connector", "*github.com/denisenkom/go-mssqldb.Error"},
	},
	{path: "modernc.org/sqlite", from: "v1.10.0", roots: []string{"*modernc.org/sqlite.Driver", "*modernc.org/sqlite.Error"}},
}

// owner returns the path of the tracked module that a package belongs to, or "".
func owner(pkg string) string {
	path := ""
	for _, m := range modules {
		if strings.HasPrefix(pkg+"/", m.path+"/") && len(m.path) > len(path) {
			path = m.path
		}
	}
	if first, _, _ := strings.Cut(pkg, "/"); path == "" && !strings.Contains(first, ".") {
		return offsetsdb.Std
	}
	return path
}

// reads tells whether a field may be in a program of the module. The standard library has
// packages of golang.org/x, too, vendored.
func (m *module) reads(field offsetsdb.Field) bool {
	return owner(field.Package) == m.path ||
		m.path == offsetsdb.Std && strings.HasPrefix(field.Package, "golang.org/x/net/http2/hpack")
}

// program is a program that refers to the roots.
func (m *module) program() string {
	var imports, values []string
	for _, root := range m.roots {
		name, isType := strings.CutPrefix(root, "*")
		dot := strings.LastIndexByte(name, '.')
		line := fmt.Sprintf("\t%s %q\n", alias(name[:dot]), name[:dot])
		if !slices.Contains(imports, line) {
			imports = append(imports, line)
		}
		value := alias(name[:dot]) + name[dot:]
		if isType {
			value = "new(" + value + ")"
		}
		values = append(values, "\t"+value+",\n")
	}
	return fmt.Sprintf(programText, strings.Join(imports, ""), strings.Join(values, ""))
}

// alias is a package's name in the program, whatever its own is.
func alias(pkg string) string {
	return "pkg_" + strings.NewReplacer("/", "_", ".", "_", "-", "_").Replace(pkg)
}

// programText calls methods that the linker cannot tell, so that it keeps them all, and with
// them the types that they use.
const programText = `package main

import (
	"os"
	"reflect"

%s)

var roots = []interface{}{
%s}

func main() {
	for _, root := range roots {
		if value := reflect.ValueOf(root); value.NumMethod() > 0 {
			value.Method(len(os.Args)).Call(nil)
		}
	}
}
`
