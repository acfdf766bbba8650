// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.uber.org/zap/zaptest"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// openSession opens a session for some instrumentations, which takes the kinds of spans.
func openSession(t *testing.T, enabled ...string) *liveSession {
	t.Helper()
	live := &liveSession{telemetry: &fakeTelemetry{}}
	session, err := Open(Options{
		Logger:                 zaptest.NewLogger(t),
		Telemetry:              live.telemetry,
		Enabled:                func(name string) bool { return slices.Contains(enabled, name) },
		InstrumentationOptions: func(string) map[string]string { return nil },
		MaxSpans:               1,
		Timeout:                time.Second,
		Deliver: func(batch ptrace.Traces, _ int) bool {
			live.mu.Lock()
			defer live.mu.Unlock()
			live.kinds = append(live.kinds, batch.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Kind())
			return true
		},
	})
	require.NoError(t, err)
	live.Session = session
	return live
}

type liveSession struct {
	*Session
	telemetry *fakeTelemetry
	mu        sync.Mutex
	kinds     []ptrace.SpanKind
}

// take returns the kinds of the spans since the last call, once the reader has seen all that
// happened before.
func (l *liveSession) take(t *testing.T) []ptrace.SpanKind {
	t.Helper()
	require.True(t, l.shared.reader.do(func() {}))
	l.mu.Lock()
	defer l.mu.Unlock()
	kinds := l.kinds
	l.kinds = nil
	return kinds
}

// trace traces a process and waits until its probes are attached.
func (l *liveSession) trace(t *testing.T, p *discovery.Process, wide bool) {
	t.Helper()
	l.Trace(p, resource.Override{}, wide)
	require.Eventually(t, func() bool { return l.telemetry.count("targets") == 1 }, time.Minute, time.Millisecond)
}

func (l *liveSession) close(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	require.NoError(t, l.Close(ctx))
}

func (f *fakeTelemetry) count(name string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[name]
}

// find has discovery find a process by its pid.
func find(t *testing.T, pid int) *discovery.Process {
	t.Helper()
	watcher, err := discovery.New(discovery.Config{Targets: []discovery.Selector{{PIDs: []int{pid}}}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	found := &finder{found: make(chan *discovery.Process, 1)}
	ended := make(chan error)
	go func() { ended <- watcher.Run(ctx, found) }()
	p := <-found.found
	cancel()
	assert.NoError(t, <-ended)
	return p
}

type finder struct{ found chan *discovery.Process }

func (f *finder) Started(p *discovery.Process, _ int) { f.found <- p }
func (f *finder) Exited(*discovery.Process)           {}

// TestSessionsShareAProcess: two sessions trace one process, one by itself and one with all
// processes of the binary. Each gets what it wants, once, however the other comes and goes.
func TestSessionsShareAProcess(t *testing.T) {
	const server, client = "net_http_server", "net_http_client"
	path := targettest.Binary(t, targettest.Build{Program: "httpserver", Strip: true})
	target, peer := targettest.Start(t, path), targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "h2cserver"}))
	call := target.URL() + "/call?" + url.Values{"url": {peer.URL() + "/"}}.Encode()
	request := func() {
		response, err := http.Get(call)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
	}
	p := find(t, target.PID())
	both := []ptrace.SpanKind{ptrace.SpanKindClient, ptrace.SpanKindServer}
	servers := []ptrace.SpanKind{ptrace.SpanKindServer}

	first := openSession(t, server, client)
	first.trace(t, p, false)
	request()
	assert.Equal(t, both, first.take(t))

	second := openSession(t, server)
	assert.Same(t, first.shared, second.shared)
	second.trace(t, p, true)
	request()
	assert.Equal(t, both, first.take(t), "what the second session does not want stays")
	assert.Equal(t, servers, second.take(t))
	attached := first.telemetry.count("attached "+server) + second.telemetry.count("attached "+server)
	assert.Equal(t, second.telemetry.count("attached "+server), attached, "one of the two has it")
	assert.Positive(t, first.telemetry.count("attached "+client))

	first.close(t)
	request()
	assert.Equal(t, servers, second.take(t))
	assert.Zero(t, first.telemetry.count("targets"))

	third := openSession(t, client)
	third.trace(t, p, false)
	request()
	assert.Equal(t, both[:1], third.take(t))
	assert.Equal(t, servers, second.take(t))

	second.close(t)
	request()
	assert.Equal(t, both[:1], third.take(t))
	shared := third.shared
	third.close(t)
	for _, session := range []*liveSession{first, second, third} {
		for _, name := range []string{server, client} {
			assert.Zero(t, session.telemetry.count("attached "+name))
		}
		assert.Zero(t, session.telemetry.count("lost unmatched"))
	}
	assert.Empty(t, shared.binaries)
	assert.Empty(t, shared.assembler.targets)
	assert.False(t, shared.reader.do(func() {}), "the kernel side is unloaded")
}

// TestSessionsTakeOver: one session begins to trace a process while another that had it ends, and requests come all
// the time. No probe is there twice, and none is missing.
func TestSessionsTakeOver(t *testing.T) {
	const server = "net_http_server"
	target := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "httpserver", Strip: true}))
	p := find(t, target.PID())
	servers := []ptrace.SpanKind{ptrace.SpanKindServer}
	stays := openSession(t) // so that the kernel side does
	before := openSession(t, server)
	before.trace(t, p, false)
	sessions := []*liveSession{stays, before}
	turns := []bool{true, true, false, false, true}
	for _, wide := range turns {
		stop := make(chan struct{})
		answered := make(chan int)
		go func() { answered <- requestsUntil(t, target.URL()+"/ok", stop) }()
		now := openSession(t, server)
		var ending sync.WaitGroup
		ending.Go(func() { before.close(t) })
		now.trace(t, p, wide)
		ending.Wait()
		close(stop)
		requests := <-answered
		assert.LessOrEqual(t, len(now.take(t)), requests, "wide: %v", wide)
		get(t, target.URL()+"/ok")
		assert.Equal(t, servers, now.take(t), "wide: %v", wide)
		sessions = append(sessions, now)
		before = now
	}
	before.close(t)
	for _, session := range sessions {
		// When one has left before the other comes, the request that is under way has an end without a start.
		assert.LessOrEqual(t, session.telemetry.count("lost unmatched"), int64(len(turns)))
		assert.Zero(t, session.telemetry.count("attached "+server))
	}
	assert.Empty(t, stays.shared.binaries)
	assert.Empty(t, stays.shared.traced)
	stays.close(t)
}

func get(t *testing.T, url string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

// requestsUntil sends requests, one after the other, and returns how many.
func requestsUntil(t *testing.T, url string, stop <-chan struct{}) (sent int) {
	for {
		select {
		case <-stop:
			return sent
		default:
		}
		response, err := http.Get(url)
		if !assert.NoError(t, err) || !assert.NoError(t, response.Body.Close()) {
			return sent
		}
		sent++
	}
}
