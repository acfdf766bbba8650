// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// source is what a connector says of where it connects to. What its strings are, the
// entry in the table of drivers knows; a data source name is all in text.
type source struct {
	text, database, extra string
	port                  int
}

// server is what is told of it. Nothing else of a data source name leaves its parser,
// because it has passwords.
type server struct {
	address   string // host, or path of a socket; "" if it is not known, or if there are several
	port      int    // 0 if it is not known
	namespace string // db.namespace
}

// hostAndDatabase is for connectors that have these, in that order.
func hostAndDatabase(s source) server { return serverAt(s.text, s.port, s.database) }

// hostAndInstance is for those of SQL Server, whose extra is the instance.
func hostAndInstance(s source) server { return serverAt(s.text, s.port, s.extra, s.database) }

// serverAt has a namespace of several parts, the most general first.
func serverAt(host string, port int, namespace ...string) server {
	s := server{namespace: joinNamespace(namespace...)}
	switch {
	case host == "" || strings.Contains(host, ","):
	case strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@"):
		s.address = host // a socket has no port
	default:
		s.address = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
		if s.address != "" && port > 0 && port <= 0xffff {
			s.port = port
		}
	}
	return s
}

// joinNamespace makes db.namespace of the parts that there are.
func joinNamespace(parts ...string) string {
	var present []string
	for _, part := range parts {
		if part != "" {
			present = append(present, part)
		}
	}
	return strings.Join(present, "|")
}

// mysqlAddress is for a connector of MySQL, which has an address and, in extra, the
// network that it is of.
func mysqlAddress(s source) server {
	switch s.extra {
	case "unix":
		return serverAt(s.text, 0, s.database)
	case "tcp", "":
		host, port := instrument.SplitHostPort(s.text)
		return serverAt(host, port, s.database)
	}
	// What the address of a dialer is that the program registered is not known.
	return server{namespace: s.database}
}
