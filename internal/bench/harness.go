// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"log"
	"os"
	"slices"
	"testing"
)

// harness runs the programs of testdata outside of a test: it is what targettest asks of a
// testing.TB, no more. A failure ends the process.
type harness struct {
	testing.TB
	cleanups []func()
}

func (*harness) Helper() {}

func (h *harness) Cleanup(f func()) { h.cleanups = append(h.cleanups, f) }

func (h *harness) Fatalf(format string, args ...any) {
	cleanups := h.cleanups
	h.cleanups = nil // so that a failure in one of them ends
	run(cleanups)
	log.Fatalf(format, args...)
}

func (*harness) Errorf(format string, args ...any) { log.Printf(format, args...) }

func (h *harness) TempDir() string {
	folder, err := os.MkdirTemp("", "ebpfgo-bench-")
	if err != nil {
		h.Fatalf("%v", err)
	}
	h.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func (*harness) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (h *harness) close() { run(h.cleanups) }

func run(cleanups []func()) {
	for _, cleanup := range slices.Backward(cleanups) {
		cleanup()
	}
}
