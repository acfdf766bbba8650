// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// traps are probes that do nothing, where the receiver would have its own: what they add is the least that
// tracing by uprobes at these sites can add.
type traps struct {
	t       testing.TB
	program *ebpf.Program
	link    link.Link
}

// setTraps attaches to all processes that run an executable.
func setTraps(t testing.TB, executable string) *traps {
	t.Helper()
	sites, err := trapSites(executable)
	if err != nil {
		t.Fatalf("sites of %s: %v", executable, err)
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "nothing", Type: ebpf.Kprobe, AttachType: ebpf.AttachTraceUprobeMulti, License: "Dual MIT/GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		t.Fatalf("load a program that does nothing: %v", err)
	}
	opened, err := link.OpenExecutable(executable)
	if err != nil {
		t.Fatalf("%v", err)
	}
	attached, err := opened.UprobeMulti(nil, program, &link.UprobeMultiOptions{Addresses: sites})
	if err != nil {
		t.Fatalf("attach to %s: %v", executable, err)
	}
	return &traps{t, program, attached}
}

func (s *traps) close() {
	s.t.Helper()
	if err := errors.Join(s.link.Close(), s.program.Close()); err != nil {
		s.t.Fatalf("detach: %v", err)
	}
}

// trapSites returns the offsets in the file of all sites that are attached by default where the receiver may not
// write into targets.
func trapSites(executable string) (offsets []uint64, err error) {
	file, err := os.Open(executable)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	probes, err := planProbes(file)
	for _, probe := range probes {
		if probe.Way != instrument.WayWrite && !slices.Contains(offsets, probe.Site.Offset) {
			offsets = append(offsets, probe.Site.Offset)
		}
	}
	return offsets, err
}
