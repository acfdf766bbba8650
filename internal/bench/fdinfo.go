// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// fdinfo returns what the kernel says of those open files of a process that have such a line (proc_pid_fdinfo(5)).
func fdinfo(t testing.TB, pid int, line *regexp.Regexp) (contents [][]byte) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, file := range files {
		// One that cannot be read was closed since.
		if content, err := os.ReadFile(file); err == nil && line.Match(content) {
			contents = append(contents, content)
		}
	}
	return contents
}
