// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

// curve is what a request costs over something that is varied.
type curve struct {
	modes  []mode
	Points []point
}

// point is what was measured at one place of a curve.
type point struct {
	X      int
	rounds [][modes]sample
}

// measureConcurrency measures what a request costs over the number of clients that send one at a time.
func (b *bench) measureConcurrency(r *report) {
	b.t.Helper()
	r.Concurrency = b.curve("clients", b.concurrency, func(target server, n int) load {
		return load{protocol: http1To(target.URL() + "/ok"), clients: n, batch: 1, spans: 1}
	})
}

// measureHeaders measures what a request costs over the number of its headers.
func (b *bench) measureHeaders(r *report) {
	b.t.Helper()
	r.Headers = b.curve("headers", b.headers, func(target server, n int) load {
		return load{protocol: http1{[]string{target.URL() + "/ok"}, n, traceparent}, clients: usualClients, batch: 1, spans: 1}
	})
}

// curve runs loads on an HTTP/1.1 server in all modes by turns, in each of them over all values.
func (b *bench) curve(of string, values []int, at func(target server, value int) load) *curve {
	b.t.Helper()
	s := b.scenarios()[0]
	c := &curve{modes: []mode{untraced, traced, sdk}}
	for _, value := range values {
		c.Points = append(c.Points, point{value, make([][modes]sample, b.fewer())})
	}
	for round := range b.fewer() {
		for _, mode := range c.modes {
			b.t.Logf("over the number of %s, %v, round %d of %d", of, mode, round+1, b.fewer())
			b.as(s, mode, func(subject subject) {
				for i, value := range values {
					c.Points[i].rounds[round][mode] = b.run(of, at(subject.targets[0], value), subject)
				}
			})
		}
	}
	return c
}

// cost is the processor time of a request in a mode, of target and collector.
func (p point) cost(m mode) spread {
	return of(p.rounds, func(r [modes]sample) float64 { return r[m].cost() })
}

// added is what a mode adds to a request that is not traced.
func (p point) added(m mode) spread {
	return of(p.rounds, func(r [modes]sample) float64 { return r[m].cost() - r[untraced].cost() })
}

func (p point) Untraced() spread { return p.cost(untraced) }
func (p point) Added() spread    { return p.added(traced) }
func (p point) SDKAdded() spread { return p.added(sdk) }

// Spans is how many the receiver made over how many it should have.
func (p point) Spans() string {
	spans, wanted := 0, 0
	for _, round := range p.rounds {
		spans += round[traced].spans
		wanted += round[traced].wanted
	}
	return ratio(spans, wanted)
}
