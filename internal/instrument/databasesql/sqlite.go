// SPDX-License-Identifier: Apache-2.0

package databasesql

import "strings"

// parseSQLite reads the name of a database of SQLite: a path, ":memory:" or a URI; see
// https://www.sqlite.org/uri.html. It is the namespace, without the settings behind it,
// which may have a password.
func parseSQLite(s source) server {
	name, isURI := strings.CutPrefix(s.text, "file:")
	name, _, _ = strings.Cut(name, "?")
	if isURI {
		name, _, _ = strings.Cut(name, "#")
		if authority, ok := strings.CutPrefix(name, "//"); ok {
			_, path, _ := strings.Cut(authority, "/")
			name = "/" + path
		}
	}
	return server{namespace: name}
}
