// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

var lifecycleBuild = targettest.Build{Program: "httpserver", Go: "1.26", Strip: true}

// copyBinary makes an executable that no other test runs.
func copyBinary(t *testing.T, build targettest.Build) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bin", build.Program)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	require.NoError(t, targettest.CopyExecutable(targettest.Binary(t, build), path))
	return path
}

// The first process of an executable is traced as soon as it was looked at, every later one from its first request on.
func TestTargetStartsAfterCollector(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	startCollector(t) // another one, which keeps the kernel side loaded when c ends
	c := startCollector(t, targets(receiver.SelectorConfig{Executable: filepath.Dir(filepath.Dir(binary)) + "/*/http*"}))
	first := targettest.Start(t, binary)
	c.waitTraced(first)
	get(t, first, "/ok/first")
	assert.Len(t, c.next(first, 1), 1)
	assert.Positive(t, traps(t, first))

	for range 10 {
		x := targettest.Start(t, binary)
		get(t, x, "/ok/at/once")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		assert.Equal(t, "/ok/at/once", spans[0].attribute("url.path"))
		x.Stop()
		c.waitEnded(x)
	}
	c.nothingElseServed(first)
}

// What ran before the collector is traced from then on, also when its executable was replaced since, or removed.
func TestTargetStartsBeforeCollector(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	kept := targettest.Start(t, binary)
	require.NoError(t, targettest.CopyExecutable(targettest.Binary(t, targettest.Build{Program: "httpserver", Go: "1.20"}), binary+".new"))
	require.NoError(t, os.Rename(binary+".new", binary))
	replaced := targettest.Start(t, binary)
	require.NoError(t, os.Remove(binary))

	c := startCollector(t, targets(receiver.SelectorConfig{PIDs: []int{kept.PID(), replaced.PID()}}))
	for x, version := range map[*targettest.Target]string{kept: "go1.26.8", replaced: "go1.20.14"} {
		c.waitTraced(x)
		get(t, x, "/ok/before")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		actual, _ := spans[0].place.Resource().Attributes().Get("process.runtime.version")
		assert.Equal(t, version, actual.Str())
		c.nothingElseServed(x)
	}
}

// A target of two receivers has its spans in both, each of them once. It is traced as long as one of them wants it.
func TestTwoCollectors(t *testing.T) {
	for name, selector := range map[string]func(binary string, pid int) receiver.SelectorConfig{
		"by pid":        func(_ string, pid int) receiver.SelectorConfig { return receiver.SelectorConfig{PIDs: []int{pid}} },
		"by executable": func(binary string, _ int) receiver.SelectorConfig { return receiver.SelectorConfig{Executable: binary} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			binary := copyBinary(t, lifecycleBuild)
			x := targettest.Start(t, binary)
			first := newCollector(t, targets(selector(binary, x.PID())))
			first.waitTraced(x)
			second := newCollector(t, targets(selector(binary, x.PID())))
			second.waitTraced(x)
			get(t, x, "/ok/both")
			a, b := first.next(x, 1), second.next(x, 1)
			first.nothingElseServed(x)
			require.Len(t, a, 1)
			require.Len(t, b, 1)
			assert.Equal(t, a[0].SpanID(), b[0].SpanID())
			second.next(x, 1) // the last request's of the first

			require.NoError(t, first.receiver.Shutdown(t.Context()))
			assert.Positive(t, traps(t, x))
			get(t, x, "/ok/second")
			assert.Len(t, second.next(x, 1), 1)
			second.nothingElseServed(x)
			second.stop()
			assert.Zero(t, traps(t, x))
			get(t, x, "/ok/none")
			first.stop()
		})
	}
}

// A target does not notice how collectors come and go, in the middle of its requests.
func TestRestartUnderLoad(t *testing.T) {
	for _, build := range loadBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			x := targettest.Start(t, targettest.Binary(t, build))
			requests := underLoad(t, x, func() {
				for range 5 {
					c := newCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID()}}))
					c.waitTraced(x)
					c.next(x, 100)
					c.inFlight = loadClients
					c.stop()
					assert.Zero(t, traps(t, x))
				}
			})
			t.Logf("%d requests", requests)
		})
	}
}
