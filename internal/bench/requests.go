// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

// turn is what a scenario measured in one mode and one round.
type turn struct{ saturated, steady sample }

// measured is a scenario with what came out.
type measured struct {
	Name   string
	rate   float64 // of the steady load, in operations a second
	batch  int     // operations whose latency is measured together
	rounds [][modes]turn
}

// measureRequests runs each scenario in all modes by turns: as fast as the server answers, and at a rate that is half of
// what it answers in the mode in which that is least.
func (b *bench) measureRequests(r *report) {
	b.t.Helper()
	for _, s := range b.scenarios() {
		least := b.leastRate(s)
		m := measured{Name: s.Name, rate: least / 2, batch: s.steady(s.plain).batch}
		m.rounds = b.byTurns(s.Name, func(mode mode) turn { return b.turn(s, mode, m.rate) })
		r.Requests = append(r.Requests, m)
	}
}

// byTurns measures something in all modes, in every round.
func (b *bench) byTurns(what string, measure func(mode) turn) (rounds [][modes]turn) {
	b.t.Helper()
	for i := range b.rounds {
		b.t.Logf("%s, round %d of %d", what, i+1, b.rounds)
		var round [modes]turn
		for k := range modes {
			mode := (mode(i) + k) % modes // none is always the first one
			round[mode] = measure(mode)
		}
		rounds = append(rounds, round)
	}
	return rounds
}

// as calls do with a scenario's server in a mode.
func (b *bench) as(s scenario, mode mode, do func(subject)) {
	b.t.Helper()
	switch mode {
	case untraced:
		do(plainSubject(s.plain))
	case trapped:
		traps := setTraps(b.t, s.plain.executable)
		do(subject{mode: trapped, targets: []server{s.plain}})
		traps.close()
	case traced:
		subject := b.trace(s.Name, s.steady(s.plain), s.plain)
		do(subject)
		subject.collector.stop()
	case sdk:
		do(b.sdkSubject(s.sdk))
	}
}

func (b *bench) leastRate(s scenario) (least float64) {
	b.t.Helper()
	for mode := range modes {
		b.as(s, mode, func(subject subject) {
			sample := b.run(s.Name, s.saturated(subject.targets[0]), subject)
			if least == 0 || sample.rate < least {
				least = sample.rate
			}
		})
	}
	return least
}

func (b *bench) turn(s scenario, mode mode, rate float64) (t turn) {
	b.t.Helper()
	b.as(s, mode, func(subject subject) {
		saturated, steady := s.saturated(subject.targets[0]), s.steady(subject.targets[0])
		steady.rate = rate / float64(steady.batch)
		t.saturated = b.run(s.Name+", saturated", saturated, subject)
		t.steady = b.run(s.Name+", fixed rate", steady, subject)
	})
	return t
}
