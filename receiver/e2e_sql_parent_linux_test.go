// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// A statement is a child of the request that it is run for, whichever way that is to be found.
func TestParentOfStatement(t *testing.T) {
	const query = "SELECT 1"
	for _, version := range sqlVersions() {
		build := sqlBuild(version, true, true)
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			run := func(path, dsn string, steps ...sqlStep) []span {
				t.Helper()
				results := x.ServeSQL(path, targettest.SQLCommand{Driver: "fake", DSN: dsn, Steps: steps})
				require.Len(t, results, 1)
				for _, result := range results[0] {
					assert.Empty(t, result.Error)
				}
				return c.next(x, 1+len(steps))
			}
			children := map[string]sqlStep{
				"plain":              {Do: "exec", Query: query, Plain: true},
				"background":         {Do: "exec", Query: query, Context: "background"},
				"goroutine":          {Do: "exec", Query: query, Where: "goroutine"},
				"goroutine plain":    {Do: "query", Query: query, Where: "goroutine", Plain: true},
				"worker":             {Do: "query_row", Query: query, Where: "worker"},
				"worker chain":       {Do: "exec", Query: query, Where: "worker", Context: "chain"},
				"begin":              {Do: "begin"},
				"begin by worker":    {Do: "begin", Where: "worker"},
				"ping":               {Do: "ping"},
				"ping by worker":     {Do: "ping", Where: "worker"},
				"on a growing stack": {Do: "exec", Query: query, Where: "goroutine", Depth: 1000},
			}
			for _, context := range contexts(minor(t, build)) {
				children["context "+context] = sqlStep{Do: "query", Query: query, Context: context}
			}
			for name, step := range children {
				steps := []sqlStep{step}
				if step.Do == "begin" {
					// Whoever commits, it is done for the request that began.
					steps = append(steps, sqlStep{Do: "exec", On: "tx", Query: query, Where: "worker"}, sqlStep{Do: "commit", Where: "worker"})
				}
				spans := run("/run/child", "ok", steps...)
				require.Len(t, spans, 1+len(steps), "%s: %v", name, spans)
				assert.True(t, spans[0].isRoot(), "%s: %v", name, spans)
				for _, s := range spans[1:] {
					assert.Equal(t, ptrace.SpanKindClient, s.Kind())
					assert.True(t, s.isChildOf(spans[0]), "%s: %v", name, spans)
				}
			}
			for name, step := range map[string]sqlStep{
				"worker plain":      {Do: "exec", Query: query, Where: "worker", Plain: true},
				"worker background": {Do: "exec", Query: query, Where: "worker", Context: "background"},
				"ping of worker":    {Do: "ping", Where: "worker", Plain: true},
				"later":             {Do: "later", Steps: []sqlStep{{Do: "exec", Query: query}}},
			} {
				spans := run("/run/alone", "ok", step)
				require.Len(t, spans, 2, "%s: %v", name, spans)
				assert.True(t, spans[0].isRoot() && spans[1].isRoot(), "%s: %v", name, spans)
				assert.NotEqual(t, spans[0].TraceID(), spans[1].TraceID(), name)
			}
			c.nothingElseServed(x)
		})
	}
}

// What a driver does while its statement runs is a child of the statement; what comes after is not.
func TestStatementAsParent(t *testing.T) {
	for _, version := range sqlVersions() {
		build := sqlBuild(version, true, true)
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			c := startCollector(t)
			x := c.start(build)
			for _, test := range []struct {
				dsn   string
				steps []sqlStep
			}{
				{"nested", []sqlStep{{Do: "exec", Query: "SELECT 1"}, {Do: "ping"}}},
				{"nested", []sqlStep{{Do: "query", Query: "SELECT 1", Keep: true}, {Do: "ping"}}},
				{"nested", []sqlStep{{Do: "query", Query: "SELECT 1", Where: "worker"}, {Do: "ping"}}},
				{"http?url=" + peer.URL() + "/ok/", []sqlStep{{Do: "exec", Query: "SELECT 1"}, {Do: "ping"}}},
				{"http?url=" + peer.URL() + "/ok/&at=begin", []sqlStep{{Do: "begin"}, {Do: "ping"}}},
				{"http?url=" + peer.URL() + "/ok/&at=ping", []sqlStep{{Do: "ping"}, {Do: "exec", Query: "SELECT 1"}}},
			} {
				x.ServeSQL("/run/parent", targettest.SQLCommand{Driver: "fake", DSN: test.dsn, Steps: test.steps})
				n := 4
				if test.steps[0].Do == "begin" {
					n = 5 // the rollback that ends the session
				}
				spans := c.next(x, n)
				require.Len(t, spans, n, "%s: %v", test.dsn, spans)
				request, outer, inner, after := spans[0], spans[1], spans[2], spans[3]
				assert.True(t, outer.isChildOf(request), "%s: %v", test.dsn, spans)
				assert.True(t, inner.isChildOf(outer), "%s: %v", test.dsn, spans)
				assert.True(t, after.isChildOf(request), "%s: %v", test.dsn, spans)
			}
			c.nothingElseServed(x)
		})
	}
}

// Requests that run at the same time never get each other's statements.
func TestParallelStatementsDoNotMix(t *testing.T) {
	const requests = 200
	p := targettest.StartPostgres(t)
	for _, build := range driverBuilds() {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			for name, steps := range map[string][]sqlStep{
				"pool": {{Do: "exec", Query: "SELECT pg_sleep(0.01)"}, {Do: "query", Query: "SELECT 2", Where: "goroutine", Plain: true}},
				"transaction": {{Do: "begin"}, {Do: "query", On: "tx", Query: "SELECT 1"}, {Do: "exec", On: "tx", Query: "SELECT 2", Where: "worker"},
					{Do: "commit", Where: "worker"}},
				"parallel": {{Do: "parallel", Steps: []sqlStep{{Do: "exec", Query: "SELECT pg_sleep(0.01)"}, {Do: "query_row", Query: "SELECT 2", Plain: true}}}},
			} {
				n := len(steps)
				if n == 1 {
					n = len(steps[0].Steps)
				}
				command := targettest.SQLCommand{Driver: "pgx", DSN: p.DSN(), MaxOpen: 20, Steps: steps}
				load := targettest.Load{URL: x.URL(), PathPrefix: "/run/" + name + "/", Query: command.Form().Encode(), Requests: requests, Concurrency: requests}
				load.Headers = func(i int) http.Header { return http.Header{"Traceparent": {traceparent(0, i)}} }
				for _, outcome := range load.Run(t.Context()) {
					require.NoError(t, outcome.Err)
					require.Equal(t, http.StatusOK, outcome.Status)
				}
				spans := c.next(x, (1+n)*requests)
				assert.Len(t, spans, (1+n)*requests, name)
				for i := range requests {
					trace := slices.DeleteFunc(slices.Clone(spans), func(s span) bool {
						return s.TraceID().String() != fmt.Sprintf("%016x%016x", 1, i+1)
					})
					if !assert.Len(t, trace, 1+n, "request %d of %s: %v", i, name, trace) {
						continue
					}
					assert.Equal(t, fmt.Sprintf("/run/%s/%d", name, i), trace[0].attribute("url.path"))
					for _, s := range trace[1:] {
						assert.True(t, s.isChildOf(trace[0]), "request %d of %s: %v", i, name, trace)
						assert.Equal(t, ptrace.StatusCodeUnset, s.Status().Code())
					}
				}
			}
			c.nothingElseServed(x)
		})
	}
}
