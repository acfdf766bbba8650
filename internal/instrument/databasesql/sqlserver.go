// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"net/url"
	"strconv"
	"strings"
)

// parseSQLServer reads a connection string of go-mssqldb, in one of its three forms:
// sqlserver://…, "key=value;…" as ADO has it, and the same behind "odbc:".
func parseSQLServer(s source) server {
	if strings.HasPrefix(s.text, "sqlserver://") {
		return sqlServerURL(s.text)
	}
	text, isODBC := strings.CutPrefix(s.text, "odbc:")
	settings := settingsADO(text, isODBC)
	host := firstOf(settings, "server", "data source", "addr", "address", "network address")
	host = strings.TrimPrefix(host, "tcp:")
	host, port, hasPort := strings.Cut(host, ",")
	if !hasPort {
		port = settings["port"]
	}
	host, instance, _ := strings.Cut(host, `\`)
	if host == "." || strings.EqualFold(host, "(local)") {
		host = "localhost"
	}
	return hostAndInstance(source{
		text: strings.TrimSpace(host), extra: instance, database: firstOf(settings, "database", "initial catalog"), port: portNumber(port),
	})
}

func sqlServerURL(text string) server {
	u, err := url.Parse(text)
	if err != nil {
		return server{}
	}
	return hostAndInstance(source{
		text: u.Hostname(), port: portNumber(u.Port()), extra: strings.TrimPrefix(u.Path, "/"), database: u.Query().Get("database"),
	})
}

func portNumber(digits string) int {
	port, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 16)
	if err != nil {
		return 0
	}
	return int(port)
}

func firstOf(settings map[string]string, keys ...string) string {
	for _, key := range keys {
		if value := settings[key]; value != "" {
			return value
		}
	}
	return ""
}

// settingsADO reads "key=value;…", with keys in lower case. A value that begins with a
// double quote ends with one, two of which are one in it; for ODBC, so with braces.
func settingsADO(text string, isODBC bool) map[string]string {
	opening, closing := byte('"'), byte('"')
	if isODBC {
		opening, closing = '{', '}'
	}
	settings := map[string]string{}
	for text != "" {
		key, rest, ok := strings.Cut(text, "=")
		if !ok {
			break
		}
		if end := strings.LastIndexByte(key, ';'); end >= 0 {
			key = key[end+1:] // a setting without a value stands before it
		}
		value := strings.TrimLeft(rest, " \t")
		if value != "" && value[0] == opening {
			value, text = quotedADO(value[1:], closing)
		} else {
			value, text, _ = strings.Cut(value, ";")
			value = strings.TrimSpace(value)
		}
		settings[strings.ToLower(strings.TrimSpace(key))] = value
	}
	return settings
}

// quotedADO reads up to the closing mark, and returns what is behind the next semicolon.
func quotedADO(text string, closing byte) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == closing {
			if i+1 == len(text) || text[i+1] != closing {
				_, rest, _ = strings.Cut(text[i+1:], ";")
				return b.String(), rest
			}
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
