// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processorTime is what this process has taken, with what the garbage collector does beside
// the benchmark, of which the time of the clock knows nothing.
func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatalf("processor time: %v", err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
