// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"strings"
)

// costs are the samples of one load, by mode and round.
type costs [modes][]sample

// Saturated and Steady are what was measured as fast as the server answered, and at the fixed rate.
func (m measured) Saturated() costs { return m.costs(func(t turn) sample { return t.saturated }) }
func (m measured) Steady() costs    { return m.costs(func(t turn) sample { return t.steady }) }

func (m measured) costs(one func(turn) sample) (c costs) {
	for _, round := range m.rounds {
		for mode, turn := range round {
			c[mode] = append(c[mode], one(turn))
		}
	}
	return c
}

// Rate is the fixed rate, in operations a second.
func (m measured) Rate() string { return thousands(m.rate) }

// Batch is how many operations one latency is of, with a space, or "".
func (m measured) Batch() string {
	if m.batch == 1 {
		return ""
	}
	return fmt.Sprintf(" (of %d together)", m.batch)
}

func (c costs) of(m mode, number func(sample) float64) spread { return of(c[m], number) }

func target(s sample) float64     { return s.target }
func collecting(s sample) float64 { return s.collector }

// The columns of the tables of processor time.
func (c costs) Target() spread       { return c.of(untraced, target) }
func (c costs) TracedTarget() spread { return c.of(traced, target) }
func (c costs) Collector() spread    { return c.of(traced, collecting) }
func (c costs) Traps() spread        { return c.added(trapped, target) }
func (c costs) SDKTenth() float64    { return c.SDKAdded().Median() / 10 }
func (c costs) Added() spread        { return c.added(traced, sample.cost) }
func (c costs) AddedTarget() spread  { return c.added(traced, target) }
func (c costs) SDKTarget() spread    { return c.of(sdk, target) }
func (c costs) SDKCollector() spread { return c.of(sdk, collecting) }
func (c costs) SDKAdded() spread     { return c.added(sdk, sample.cost) }

// added is what a mode adds, computed for each round.
func (c costs) added(m mode, number func(sample) float64) (s spread) {
	for i := range c[m] {
		s = append(s, number(c[m][i])-number(c[untraced][i]))
	}
	return s
}

// Share is how much the receiver adds of what the SDK adds.
func (c costs) Share() string {
	return fmt.Sprintf("%.0f %%", 100*c.Added().Median()/c.SDKAdded().Median())
}

// Rates, P50, P99 and P999 are three columns each, one for each mode.
func (c costs) Rates() string { return c.columns(func(s sample) float64 { return s.rate }) }
func (c costs) P50() string   { return c.columns(func(s sample) float64 { return s.p50 }) }
func (c costs) P99() string   { return c.columns(func(s sample) float64 { return s.p99 }) }
func (c costs) P999() string  { return c.columns(func(s sample) float64 { return s.p999 }) }

func (c costs) columns(number func(sample) float64) string {
	var cells []string
	for _, m := range []mode{untraced, traced, sdk} {
		cells = append(cells, c.of(m, number).whole())
	}
	return strings.Join(cells, " | ")
}

// Spans and SDKSpans are how many spans came over how many should have.
func (c costs) Spans() string    { return c.ratio(traced) }
func (c costs) SDKSpans() string { return c.ratio(sdk) }

func (c costs) ratio(m mode) string {
	spans, wanted := 0, 0
	for _, s := range c[m] {
		spans += s.spans
		wanted += s.wanted
	}
	return ratio(spans, wanted)
}

// ratio says how many of the wanted spans came.
func ratio(spans, wanted int) string {
	text := fmt.Sprintf("%.3f (%s / %s)", float64(spans)/float64(wanted), thousands(float64(spans)), thousands(float64(wanted)))
	if spans == wanted {
		return text
	}
	return "**" + text + "**"
}
