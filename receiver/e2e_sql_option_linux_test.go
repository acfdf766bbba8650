// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// instrumentation sets one instrumentation of a collector.
func instrumentation(name string, enabled bool, options map[string]any) func(*receiver.Config) {
	return func(config *receiver.Config) {
		if config.Instrumentations == nil {
			config.Instrumentations = map[string]receiver.InstrumentationConfig{}
		}
		config.Instrumentations[name] = receiver.InstrumentationConfig{Enabled: &enabled, Options: options}
	}
}

// Each collector of a target tells of the statement's text what its own configuration says.
func TestSQLQueryText(t *testing.T) {
	const statement = "SELECT name FROM items WHERE name = 'secret' AND price > 42"
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			x := targettest.Start(t, targettest.Binary(t, build))
			of := targets(receiver.SelectorConfig{PIDs: []int{x.PID()}})
			collectors := map[string]*collector{}
			for queryText, options := range map[string]map[string]any{
				"default":   nil,
				"sanitized": {"query_text": "sanitized"},
				"raw":       {"query_text": "raw"},
				"off":       {"query_text": "off"},
			} {
				collectors[queryText] = startCollector(t, of, instrumentation("database_sql", true, options))
				collectors[queryText].waitTraced(x)
			}
			x.DoSQL(targettest.SQLCommand{Driver: "fake", DSN: "ok", Steps: []sqlStep{{Do: "exec", Query: statement}}})
			for queryText, want := range map[string]any{
				"default":   "SELECT name FROM items WHERE name = ? AND price > ?",
				"sanitized": "SELECT name FROM items WHERE name = ? AND price > ?",
				"raw":       statement,
				"off":       nil,
			} {
				spans := collectors[queryText].next(x, 1)
				require.Len(t, spans, 1)
				assert.Equal(t, want, spans[0].attribute("db.query.text"), queryText)
				assert.Equal(t, "SELECT items", spans[0].Name(), queryText)
				if queryText != "raw" {
					assert.NotContains(t, spans[0].String(), "secret")
				}
			}
		})
	}
}

// No part of a literal is told, wherever the text is cut.
func TestSQLCutText(t *testing.T) {
	const limit = 8 << 10
	build := sqlBuild("1.27", true, true)
	for _, queryText := range []string{"sanitized", "raw"} {
		t.Run(queryText, func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, instrumentation("database_sql", true, map[string]any{"query_text": queryText}))
			x := c.start(build)
			var statements []string
			var steps []sqlStep
			for _, literal := range []string{"'", "$$", "$tag$", "E'", "N'", "X'", `U&'`, "/* ", "-- "} {
				for before := limit - 20; before <= limit; before += 3 {
					name := strings.Repeat("a", before-len("SELECT id FROM items WHERE  = "))
					statements = append(statements, "SELECT id FROM items WHERE "+name+" = "+literal+strings.Repeat("secret", 100))
					steps = append(steps, sqlStep{Do: "exec", Query: statements[len(statements)-1]})
				}
			}
			x.DoSQL(targettest.SQLCommand{Driver: "fake", DSN: "ok", Steps: steps})
			spans := c.next(x, len(steps))
			require.Len(t, spans, len(steps))
			for i, s := range spans {
				text, _ := s.attribute("db.query.text").(string)
				assert.NotEmpty(t, text)
				assert.LessOrEqual(t, len(text), limit+len("…"))
				assert.Equal(t, "SELECT items", s.Name())
				end := statements[i][limit-20:][:40]
				if queryText == "sanitized" {
					assert.NotContains(t, text, "sec", end)
				} else {
					assert.True(t, strings.HasPrefix(text, statements[i][:limit-len("…")]), end)
				}
			}
			c.nothingElseServed(x)
		})
	}
}

// What is switched off has no spans, and takes none from the others.
func TestSQLInstrumentationsOff(t *testing.T) {
	off := func(names ...string) func(*receiver.Config) {
		return func(config *receiver.Config) {
			for _, name := range names {
				instrumentation(name, false, nil)(config)
			}
		}
	}
	for _, test := range []struct {
		name  string
		off   []string
		spans []string
	}{
		{"none", nil, []string{"BEGIN", "SELECT items", "COMMIT", "PING", "BEGIN", "ROLLBACK"}},
		{"transaction", []string{"database_sql_transaction"}, []string{"SELECT items", "PING"}},
		{"ping", []string{"database_sql_ping"}, []string{"BEGIN", "SELECT items", "COMMIT", "BEGIN", "ROLLBACK"}},
		{"both", []string{"database_sql_transaction", "database_sql_ping"}, []string{"SELECT items"}},
		{"statement", []string{"database_sql"}, []string{"BEGIN", "COMMIT", "PING", "BEGIN", "ROLLBACK"}},
		{"all", []string{"database_sql", "database_sql_transaction", "database_sql_ping"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := startCollector(t, off(test.off...))
			x := c.start(sqlBuild("1.27", true, true))
			x.ServeSQL("/run/off", targettest.SQLCommand{Driver: "fake", DSN: "ok", Steps: []sqlStep{
				{Do: "begin"}, {Do: "query", On: "tx", Query: "SELECT name FROM items"}, {Do: "commit"}, {Do: "ping"}, {Do: "begin"}, {Do: "rollback"},
			}})
			spans := c.next(x, 1+len(test.spans))
			var names []string
			for _, s := range spans[1:] {
				names = append(names, s.Name())
				assert.True(t, s.isChildOf(spans[0]), "%v", s)
			}
			assert.Equal(t, test.spans, names)
			c.nothingElseServed(x)
		})
	}
}
