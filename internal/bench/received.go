// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// received is what a collector has got. One with OTLP says spans only.
type received struct {
	spans     int
	processes int       // whose spans came
	first     time.Time // when the first span came
	news      time.Time // when the first span of the last of the processes came
	last      time.Time // when the last span came
}

func (r received) String() string {
	return fmt.Sprint(r.spans, r.processes, r.first.UnixNano(), r.news.UnixNano(), r.last.UnixNano())
}

func parseReceived(line string) (r received, err error) {
	var first, news, last int64
	n, err := fmt.Sscan(line, &r.spans, &r.processes, &first, &news, &last)
	if n == 1 {
		return r, nil
	}
	r.first, r.news, r.last = time.Unix(0, first), time.Unix(0, news), time.Unix(0, last)
	return r, err
}

// tally counts what comes.
type tally struct {
	mu   sync.Mutex
	got  received
	pids map[int64]bool
}

func (t *tally) add(traces ptrace.Traces) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.got.spans == 0 {
		t.got.first = now
	}
	t.got.spans += traces.SpanCount()
	t.got.last = now
	for _, resource := range traces.ResourceSpans().All() {
		pid, ok := resource.Resource().Attributes().Get("process.pid")
		if ok && !t.pids[pid.Int()] {
			t.pids[pid.Int()] = true
			t.got.processes, t.got.news = len(t.pids), now
		}
	}
}

func (t *tally) received() received {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.got
}
