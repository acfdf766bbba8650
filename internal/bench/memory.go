// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
)

// residentLine is in /proc/pid/status (proc_pid_status(5)), mapLine and memoryLine are in the fdinfo of a
// BPF map (bpf_map_show_fdinfo, kernel/bpf/syscall.c).
var (
	residentLine = regexp.MustCompile(`(?m)^VmRSS:\s*(\d+) kB$`)
	mapLine      = regexp.MustCompile(`(?m)^map_id:\s*(\d+)$`)
	memoryLine   = regexp.MustCompile(`(?m)^memlock:\s*(\d+)$`)
)

// residentMemory returns the bytes that a process has in memory.
func residentMemory(t testing.TB, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("%v", err)
	}
	const kibibyte = 1024
	return number(t, residentLine, status) * kibibyte
}

// mapMemory returns the bytes that the BPF maps of a process have in the kernel.
func mapMemory(t testing.TB, pid int) (bytes int) {
	t.Helper()
	seen := map[int]bool{}
	for _, content := range fdinfo(t, pid, mapLine) {
		if id := number(t, mapLine, content); !seen[id] {
			seen[id] = true
			bytes += number(t, memoryLine, content)
		}
	}
	return bytes
}

func number(t testing.TB, line *regexp.Regexp, content []byte) int {
	t.Helper()
	match := line.FindSubmatch(content)
	if match == nil {
		t.Fatalf("no %v in %q", line, content)
	}
	n, err := strconv.Atoi(string(match[1]))
	if err != nil {
		t.Fatalf("%v: %v", line, err)
	}
	return n
}
