// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"regexp"
	"testing"

	"github.com/cilium/ebpf"
)

// programLine is in the fdinfo of a BPF program, and programID names it (bpf_prog_show_fdinfo,
// kernel/bpf/syscall.c). That of a link has the second one only.
var (
	programLine = regexp.MustCompile(`(?m)^prog_type:`)
	programID   = regexp.MustCompile(`(?m)^prog_id:\s*(\d+)$`)
)

// probeRuns returns how often and how long each probe of a process ran, by the name of its program.
// The kernel counts while ebpf.EnableStats says so.
func probeRuns(t testing.TB, pid int) map[string]ebpf.ProgramStats {
	t.Helper()
	runs := map[string]ebpf.ProgramStats{}
	for _, content := range fdinfo(t, pid, programLine) {
		id := number(t, programID, content)
		name, stats, err := program(ebpf.ProgramID(id))
		if err != nil {
			t.Fatalf("program %d: %v", id, err)
		}
		if name != "" {
			runs[name] = *stats
		}
	}
	return runs
}

// program returns the name of a probe, or "" for another kind of program, and its statistics.
func program(id ebpf.ProgramID) (string, *ebpf.ProgramStats, error) {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return "", nil, err
	}
	defer p.Close()
	if p.Type() != ebpf.Kprobe {
		return "", nil, nil
	}
	info, err := p.Info()
	if err != nil {
		return "", nil, err
	}
	// The program's own name is cut at 15 bytes, that of its function is not.
	functions, err := info.FuncInfos()
	if err != nil {
		return "", nil, err
	}
	stats, err := p.Stats()
	return functions[0].Func.Name, stats, err
}
