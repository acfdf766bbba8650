// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

var lifecycleBuild = targettest.Build{Program: "httpserver", Go: "1.26", Strip: true}

// copyBinary makes an executable that no other test runs.
func copyBinary(t *testing.T, build targettest.Build) string {
	t.Helper()
	content, err := os.ReadFile(targettest.Binary(t, build))
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "bin", build.Program)
	require.NoError(t, os.Mkdir(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, content, 0o755))
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
	other, err := os.ReadFile(targettest.Binary(t, targettest.Build{Program: "httpserver", Go: "1.20"}))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary+".new", other, 0o755))
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

// A process is a target once it listens on a port, whether it did so before the collector started or does it later.
func TestPorts(t *testing.T) {
	t.Parallel()
	before := targettest.Start(t, targettest.Binary(t, lifecycleBuild))
	address := unusedAddress(t)
	c := startCollector(t, targets(
		receiver.SelectorConfig{Ports: []receiver.PortRange{portOf(t, before.Address())}},
		receiver.SelectorConfig{Ports: []receiver.PortRange{portOf(t, address)}},
	))
	other := targettest.Start(t, targettest.Binary(t, lifecycleBuild))
	after := targettest.Start(t, targettest.Binary(t, lifecycleBuild), targettest.Args("-addr", address))
	for _, x := range []*targettest.Target{before, after} {
		c.waitTraced(x)
		get(t, x, "/ok")
		assert.Len(t, c.next(x, 1), 1)
		c.nothingElseServed(x)
	}
	assert.Zero(t, traps(t, other))
}

func portOf(t *testing.T, address string) receiver.PortRange {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	return receiver.PortRange{First: uint16(tcp.Port), Last: uint16(tcp.Port)}
}

// An exclusion wins over a target. What the configuration and the process say about itself is in the resource.
func TestExcludeAndResource(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	c := startCollector(t, func(config *receiver.Config) {
		config.Targets = []receiver.TargetConfig{{
			SelectorConfig:     receiver.SelectorConfig{Executable: binary},
			ServiceName:        "checkout",
			ResourceAttributes: map[string]string{"team": "payments"},
		}}
		config.Exclude = []receiver.SelectorConfig{{Environment: map[string]string{"ROLE": "sidecar*"}}}
	})
	excluded := targettest.Start(t, binary, targettest.Env("ROLE=sidecar-1"))
	configured := targettest.Start(t, binary, targettest.Env("ROLE=main"))
	declared := targettest.Start(t, binary, targettest.Env("OTEL_SERVICE_NAME=own", "OTEL_RESOURCE_ATTRIBUTES=team=search,zone=a%20b"))
	for x, want := range map[*targettest.Target]map[string]any{
		configured: {"service.name": "checkout", "team": "payments"},
		declared:   {"service.name": "own", "team": "search", "zone": "a b"},
	} {
		c.waitTraced(x)
		get(t, excluded, "/ok")
		get(t, x, "/ok")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		assert.Subset(t, spans[0].place.Resource().Attributes().AsRaw(), want)
		c.nothingElseServed(x)
	}
	assert.Zero(t, traps(t, excluded))
	assert.Empty(t, c.take(excluded.PID()))
}

// A target may see another file system and other process numbers than the collector.
func TestContainer(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, targettest.Build{Program: "httpserver", Go: "1.25", Strip: true, PIE: true})
	const inside = "/srv/shop/bin/server"
	c := startCollector(t, func(config *receiver.Config) { config.Targets[0].Executable = "/srv/*/bin/*" })
	for range 2 { // of one image
		x := c.startBinary(binary, targettest.Container(inside), targettest.PIDNamespace(), targettest.NetworkNamespace())
		get(t, x, "/ok")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		assert.Subset(t, spans[0].place.Resource().Attributes().AsRaw(), map[string]any{
			"process.executable.path": inside, "process.executable.name": "server", "process.pid": int64(x.PID()), "process.vpid": int64(1),
		})
		c.nothingElseServed(x)
	}
}

// Of many processes of one executable, those that are no targets do not pay: no trap is put into them.
func TestOneProcessOfMany(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	var others []*targettest.Target
	for range 3 {
		others = append(others, targettest.Start(t, binary))
	}
	x := targettest.Start(t, binary)
	c := startCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID()}}))
	c.waitTraced(x)
	others = append(others, targettest.Start(t, binary))
	for _, other := range others {
		get(t, other, "/ok")
		assert.Zero(t, traps(t, other))
	}
	assert.Positive(t, traps(t, x))
	get(t, x, "/ok")
	assert.Len(t, c.next(x, 1), 1)
	c.nothingElseServed(x)
	for _, other := range others {
		assert.Empty(t, c.take(other.PID()))
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

// A process that dies while it serves requests leaves their spans, with an error.
func TestTargetDies(t *testing.T) {
	for _, build := range loadBuilds {
		for _, how := range []string{"panic", "exit&code=3", "segv", "overflow", "kill"} {
			t.Run(build.Go+" "+how, func(t *testing.T) {
				t.Parallel()
				c := startCollector(t)
				x := c.start(build, targettest.ExpectCrash())
				const others = 5
				openRequests(t, x, others)
				_, err := x.Client().Get(x.URL() + "/die?how=" + how)
				require.Error(t, err)
				died := time.Now()
				x.WaitExit()
				spans := c.next(x, others+1)
				c.waitEnded(x)
				assert.Len(t, spans, others+1)
				assert.Equal(t, "/die", spans[others].attribute("url.path"))
				for _, s := range spans {
					assert.Equal(t, "Error", s.Status().Code().String())
					assert.Equal(t, "the process ended", s.Status().Message())
					assert.WithinDuration(t, died, s.EndTimestamp().AsTime(), spanPatience)
				}
				assert.Empty(t, c.take(x.PID()))
			})
		}
	}
}

// openRequests makes requests whose handlers have begun to answer, and cannot end before somebody reads on.
func openRequests(t *testing.T, x *targettest.Target, n int) {
	t.Helper()
	client := x.Client()
	for i := range n {
		response, err := client.Get(fmt.Sprintf("%s/big/%d?n=%d", x.URL(), i, 1<<40))
		require.NoError(t, err)
		t.Cleanup(func() { response.Body.Close() })
	}
}

// underLoad runs do while a target answers requests, of which none may fail, and returns how many there were.
func underLoad(t *testing.T, x *targettest.Target, do func()) int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	type result struct {
		requests int
		errs     []error
	}
	results := make(chan result)
	const clients = 4
	for range clients {
		go func() {
			var r result
			client := x.Client()
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				response, err := client.Get(x.URL() + "/ok")
				if err == nil {
					response.Body.Close()
				}
				if err != nil || response.StatusCode != http.StatusOK {
					r.errs = append(r.errs, err)
				}
				r.requests++
			}
			results <- r
		}()
	}
	do()
	stop()
	requests := 0
	for range clients {
		r := <-results
		assert.Empty(t, r.errs)
		requests += r.requests
	}
	return requests
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
					c.stop()
					assert.Zero(t, traps(t, x))
				}
			})
			t.Logf("%d requests", requests)
		})
	}
}
