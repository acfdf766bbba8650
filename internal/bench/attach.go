// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "time"

// attaching is how long requests took, in µs, while a collector started and stopped: no collector, one that
// traces another process, and one that traces this one. The second tells what comes from attaching and what
// from a collector that starts on the same processors.
type attaching struct {
	Name           string
	P50, P99, P999 spread
	Max            spread
	executable     string // that is traced, "" for none
}

// How requests are sent while probes are attached. Connections are warm after settle.
const (
	attachRate    = 1000
	attachClients = 8
	settle        = 100 * time.Millisecond
)

// measureAttaching measures the delay of requests in the middle of which probes are attached and detached.
func (b *bench) measureAttaching(r *report) {
	b.t.Helper()
	target := b.scenarios()[0].plain
	other := b.start("httpserver")
	rows := []attaching{
		{Name: "no collector starts"},
		{Name: "a collector starts and traces another process", executable: other.executable},
		{Name: "a collector starts and traces this process", executable: target.executable},
	}
	l := load{protocol: http1To(target.URL() + "/ok"), clients: attachClients, rate: attachRate, batch: 1, spans: 1}
	for range b.rounds {
		for i := range rows {
			rows[i].add(b, l)
		}
	}
	r.Attaching = rows
}

func (a *attaching) add(b *bench, l load) {
	b.t.Helper()
	answered := make(chan requests)
	stop := make(chan struct{})
	l.stop = stop
	clients := l.dial(b.t)
	defer clients.close()
	start := time.Now()
	go func() { answered <- clients.run(b.t, time.Minute) }()
	time.Sleep(2 * settle)
	if a.executable != "" {
		c := startCollector(b.t, b.profile, nil, a.executable)
		c.spans(1, shortPatience) // none comes from the other process
		c.stop()
	}
	time.Sleep(max(0, b.duration-time.Since(start)))
	close(stop)
	var took requests
	for _, request := range <-answered {
		if request.begin > settle {
			took = append(took, request)
		}
	}
	if len(took) == 0 {
		b.t.Fatalf("%s: no request in %v", a.Name, time.Since(start))
	}
	latency := took.latencies()
	for _, column := range []struct {
		to      *spread
		percent float64
	}{{&a.P50, 50}, {&a.P99, 99}, {&a.P999, 99.9}, {&a.Max, 100}} {
		*column.to = append(*column.to, latency.percentile(column.percent).Seconds()*1e6)
	}
}
