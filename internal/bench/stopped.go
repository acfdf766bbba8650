// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"
)

// awaitStopped waits until no thread of a process runs any more that SIGSTOP was sent to.
func awaitStopped(t testing.TB, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		// The state of a process is that of its first thread, which may be stopped before the others.
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			t.Fatalf("%v", err)
		}
		running := 0
		for _, thread := range threads {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/status", pid, thread.Name()))
			if err == nil && !bytes.Contains(status, []byte("State:\tT (stopped)")) {
				running++
			}
		}
		if running == 0 {
			return
		}
	}
	t.Fatalf("pid %d runs a minute after SIGSTOP", pid)
}
