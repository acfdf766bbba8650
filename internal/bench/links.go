// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"github.com/cilium/ebpf/link"
)

// linkLine is in the fdinfo of a BPF link (bpf_link_show_fdinfo, kernel/bpf/syscall.c).
var linkLine = regexp.MustCompile(`(?m)^link_id:\s*(\d+)$`)

// linksOf returns the identifiers of the BPF links of a process.
func linksOf(t testing.TB, pid int) (ids []link.ID) {
	t.Helper()
	for _, content := range fdinfo(t, pid, linkLine) {
		ids = append(ids, link.ID(number(t, linkLine, content)))
	}
	if len(ids) == 0 {
		t.Fatalf("pid %d has no links", pid)
	}
	return ids
}

// gone tells whether none of some links is there any more. The kernel gives their identifiers to no others
// until it has given all (bpf_link_prime, kernel/bpf/syscall.c).
func gone(t testing.TB, ids []link.ID) bool {
	t.Helper()
	for _, id := range ids {
		left, err := link.NewFromID(id)
		if err == nil {
			left.Close()
			return false
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("link %d: %v", id, err)
		}
	}
	return true
}
