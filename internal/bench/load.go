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
}

// latencies are those of the requests of a run, sorted.
type latencies []time.Duration

func (l latencies) percentile(p int) time.Duration { return l[(len(l)-1)*p/100] }

// run sends requests, for so long, and returns when each of them was answered.
func (l load) run(t testing.TB, duration time.Duration) latencies {
	t.Helper()
	open, disconnect, err := l.protocol.connect()
	if err != nil {
		t.Fatalf("load %+v: %v", l.protocol, err)
	}
	defer disconnect()
	type result struct {
		latencies latencies
		err       error
	}
	results := make(chan result)
	start := time.Now()
	for i := range l.clients {
		go func() {
			exchange, err := open()
			if err != nil {
				results <- result{err: err}
				return
			}
			defer exchange.Close()
			measured, err := l.client(i, exchange.request, start, start.Add(duration))
			results <- result{measured, err}
		}()
	}
	var all latencies
	var failure error
	for range l.clients {
		r := <-results
		all = append(all, r.latencies...)
		if r.err != nil {
			failure = r.err
		}
	}
	if failure != nil {
		t.Fatalf("load %+v: %v", l.protocol, failure)
	}
	slices.Sort(all)
	return all
}

// client is number i of the clients. request sends a request and reads the response.
func (l load) client(i int, request func() error, start, end time.Time) (latencies, error) {
	var interval time.Duration
	if l.rate > 0 {
		interval = time.Duration(float64(l.clients) / l.rate * float64(time.Second))
	}
	due := start.Add(interval * time.Duration(i) / time.Duration(l.clients))
	var measured latencies
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
		if l.requests > 0 && len(measured) == l.requests || l.requests == 0 && !begin.Before(end) {
			return measured, nil
		}
		if err := request(); err != nil {
			return nil, err
		}
		measured = append(measured, time.Since(begin))
	}
}
