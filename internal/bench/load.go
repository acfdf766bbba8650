// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"slices"
	"testing"
	"time"
)

// load sends requests, each of its clients one at a time. It knows how many, which load generators
// that just stop after a time do not.
type load struct {
	protocol protocol
	clients  int
	// rate is in requests a second of all clients; 0 is as many as the server answers.
	rate float64
	// requests ends a run after so many of each client, where it is not 0.
	requests int
	// stop ends a run, where it is not nil.
	stop <-chan struct{}

	batch int // how many operations a request is
	spans int // of each operation, if it is traced
	// ratio is how many of these are sampled, by chance, where it is not 0.
	ratio float64
}

// operations of a number of requests.
func (l load) operations(requests int) int { return requests * l.batch }

// wanted is how many spans operations give, or about how many where chance decides.
func (l load) wanted(operations int) int {
	if l.ratio != 0 {
		return int(l.ratio * float64(operations*l.spans))
	}
	return operations * l.spans
}

// request is one that was answered.
type request struct {
	begin   time.Duration // since the run began
	latency time.Duration
}

type requests []request

// latencies are those of the requests of a run, sorted.
type latencies []time.Duration

func (r requests) latencies() latencies {
	all := make(latencies, len(r))
	for i := range r {
		all[i] = r[i].latency
	}
	slices.Sort(all)
	return all
}

func (l latencies) percentile(p float64) time.Duration { return l[int(float64(len(l)-1)*p/100)] }

// run connects clients, has them send requests for so long, and disconnects them.
func (l load) run(t testing.TB, duration time.Duration) requests {
	t.Helper()
	c := l.dial(t)
	defer c.close()
	return c.run(t, duration)
}

// callers are the clients of a load, connected.
type callers struct {
	load
	exchanges  []*exchange
	disconnect func()
}

// dial connects the clients of a load. They must be closed.
func (l load) dial(t testing.TB) *callers {
	t.Helper()
	open, disconnect, err := l.protocol.connect()
	if err != nil {
		t.Fatalf("load %+v: %v", l.protocol, err)
	}
	c := &callers{load: l, disconnect: disconnect}
	for range l.clients {
		exchange, err := open()
		if err != nil {
			t.Fatalf("load %+v: %v", l.protocol, err)
		}
		c.exchanges = append(c.exchanges, exchange)
	}
	return c
}

func (c *callers) close() {
	for _, exchange := range c.exchanges {
		exchange.Close()
	}
	c.disconnect()
}

// run sends requests, for so long, and returns when each of them was answered.
func (c *callers) run(t testing.TB, duration time.Duration) requests {
	t.Helper()
	type result struct {
		requests requests
		err      error
	}
	results := make(chan result)
	start := time.Now()
	for i, exchange := range c.exchanges {
		go func() {
			measured, err := c.client(i, exchange.request, start, duration)
			results <- result{measured, err}
		}()
	}
	var all requests
	var failure error
	for range c.exchanges {
		r := <-results
		all = append(all, r.requests...)
		if r.err != nil {
			failure = r.err
		}
	}
	if failure != nil {
		t.Fatalf("load %+v: %v", c.protocol, failure)
	}
	return all
}

// client is number i of the clients. send sends a request and reads the response.
func (l load) client(i int, send func() error, start time.Time, duration time.Duration) (requests, error) {
	var interval time.Duration
	if l.rate > 0 {
		interval = time.Duration(float64(l.clients) / l.rate * float64(time.Second))
	}
	due := start.Add(interval * time.Duration(i) / time.Duration(l.clients))
	var measured requests
	for {
		begin := time.Now()
		if l.rate > 0 {
			// A request that had to wait for the answer to the one before was late from when
			// it was due; one that the timer was late for was not.
			if begin.Before(due) {
				time.Sleep(due.Sub(begin))
				begin = time.Now()
			} else {
				begin = due
			}
			due = due.Add(interval)
		}
		if l.ended(len(measured), begin.Sub(start), duration) {
			return measured, nil
		}
		if err := send(); err != nil {
			return nil, err
		}
		measured = append(measured, request{begin.Sub(start), time.Since(begin)})
	}
}

// ended tells whether a client that has sent some requests sends no more.
func (l load) ended(sent int, since, duration time.Duration) bool {
	select {
	case <-l.stop: // never, if it is nil
		return true
	default:
	}
	if l.requests > 0 {
		return sent == l.requests
	}
	return since >= duration
}
