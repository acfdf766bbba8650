// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// TestWants: what belongs to a way of propagation is attached where that way is in force only.
func TestWants(t *testing.T) {
	for _, test := range []struct {
		group    group
		settings loader.Settings
		want     bool
	}{
		{group{"on", 0}, 0, true},
		{group{"on", 0}, loader.PropagateWrite, true},
		{group{"off", 0}, loader.PropagateWrite, false},
		{group{"on", instrument.WayWrite}, 0, false},
		{group{"on", instrument.WayWrite}, loader.FormatB3 | loader.FormatTraceContext, false},
		{group{"on", instrument.WayWrite}, loader.PropagateWrite, true},
		{group{"on", instrument.WayWrite}, loader.PropagateSocket | loader.PropagateJoin, false},
		{group{"on", instrument.WaySocket | instrument.WayJoin}, loader.PropagateJoin, true},
		{group{"on", instrument.AnyWay}, loader.PropagateSocket, true},
		{group{"off", instrument.AnyWay}, loader.PropagateSocket, false},
	} {
		o := Options{Enabled: func(name string) bool { return name == "on" }, settings: test.settings}
		assert.Equal(t, test.want, o.wants(test.group), "%+v with %#x", test.group, test.settings)
	}
}

func TestGroups(t *testing.T) {
	start, end := instrument.Probe{Instrumentation: "a", Program: "start"}, instrument.Probe{Instrumentation: "a", Program: "end"}
	write := instrument.Probe{Instrumentation: "a", Program: "write", Way: instrument.WayWrite}
	other := instrument.Probe{Instrumentation: "b", Program: "start"}
	b := binary{plans: []instrument.Plan{{Probes: []instrument.Probe{start, write, end}}, {Probes: []instrument.Probe{other}}}}
	assert.Equal(t, map[group][]instrument.Probe{
		{"a", 0}:                   {start, end},
		{"a", instrument.WayWrite}: {write},
		{"b", 0}:                   {other},
	}, b.groups())
}
