// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has taken, with what the garbage collector does beside
// the benchmark, of which the time of the clock knows nothing.
func processorTime(t testing.TB) time.Duration { return usage(t, unix.RUSAGE_SELF) }

func usage(t testing.TB, who int) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(who, &used); err != nil {
		t.Fatalf("processor time: %v", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
