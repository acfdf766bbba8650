// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"net/url"
	"strings"
)

// parseMySQL reads a data source name of github.com/go-sql-driver/mysql:
// [user[:password]@][network[(address)]]/database[?settings].
func parseMySQL(s source) server {
	// All but the database and what is behind it can contain slashes.
	authority, database, ok := cutLast(s.text, "/")
	if !ok {
		return server{}
	}
	database, _, _ = strings.Cut(database, "?")
	if unescaped, err := url.PathUnescape(database); err == nil {
		database = unescaped
	}
	if _, address, ok := cutLast(authority, "@"); ok {
		authority = address
	}
	network, address, _ := strings.Cut(authority, "(")
	return mysqlAddress(source{text: strings.TrimSuffix(address, ")"), database: database, extra: network})
}

// cutLast cuts around the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}
