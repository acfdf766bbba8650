// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"net/url"
	"strconv"
	"strings"
)

// parsePostgres reads a connection string of libpq, in one of its two forms. See
// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING.
func parsePostgres(s source) server {
	settings, ok := map[string]string(nil), false
	if strings.HasPrefix(s.text, "postgres://") || strings.HasPrefix(s.text, "postgresql://") {
		settings, ok = postgresURL(s.text)
	} else {
		settings, ok = keywords(s.text)
	}
	if !ok {
		return server{}
	}
	port, _ := strconv.Atoi(settings["port"])
	host := settings["host"]
	if host == "" {
		host = settings["hostaddr"]
	}
	database := settings["dbname"]
	if database == "" {
		database = settings["database"]
	}
	schema, _, _ := strings.Cut(settings["search_path"], ",")
	return serverAt(host, port, database, strings.Trim(strings.TrimSpace(schema), `"`))
}

// postgresURL reads the form of a URL. Where its host is a list with ports, parsers of
// URLs may refuse it: then nothing is known.
func postgresURL(text string) (map[string]string, bool) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, false
	}
	settings := map[string]string{"host": u.Hostname(), "port": u.Port(), "dbname": strings.TrimPrefix(u.Path, "/")}
	for key, values := range u.Query() {
		settings[key] = values[len(values)-1]
	}
	return settings, true
}

// keywords reads "key=value key = 'a value' …", where a backslash escapes a character.
func keywords(text string) (map[string]string, bool) {
	settings := map[string]string{}
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		if text == "" {
			return settings, true
		}
		key, rest, ok := strings.Cut(text, "=")
		key = strings.TrimRight(key, " \t\r\n")
		if !ok || key == "" || strings.ContainsAny(key, " \t\r\n") {
			return nil, false
		}
		value, rest, ok := keywordValue(strings.TrimLeft(rest, " \t\r\n"))
		if !ok {
			return nil, false
		}
		settings[key] = value
		text = rest
	}
}

// keywordValue reads the value that text begins with, and returns what is behind it.
func keywordValue(text string) (value, rest string, ok bool) {
	quoted := strings.HasPrefix(text, "'")
	if quoted {
		text = text[1:]
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case c == '\\':
			return "", "", false
		case quoted && c == '\'':
			return b.String(), text[i+1:], true
		case !quoted && strings.IndexByte(" \t\r\n", c) >= 0:
			return b.String(), text[i:], true
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), "", !quoted
}
