// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime returns what a process has used of the processors so far, in user and in kernel
// space, threads that have ended included. It has the scheduler's resolution, not that of ticks.
func processorTime(t testing.TB, pid int) time.Duration {
	t.Helper()
	const sched = 2 // CPUCLOCK_SCHED; clock_getcpuclockid(3) makes the same of a pid
	var used unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &used); err != nil {
		t.Fatalf("%v", fmt.Errorf("processor time of pid %d: %w", pid, err))
	}
	return time.Duration(used.Nano())
}
