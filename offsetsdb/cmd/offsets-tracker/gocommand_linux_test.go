// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// A disk that is full is told from what is wrong with a version.
func TestGoCommandFails(t *testing.T) {
	for name, test := range map[string]struct {
		says string
		full bool
		err  string
	}{
		"full disk":      {"write ./a: no space left on device", true, "no space left on device"},
		"broken version": {"./a.go:1:1: syntax error", false, "go build: exit status 1: ./a.go:1:1: syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "go")
			require.NoError(t, targettest.WriteExecutable(path, []byte("#!/bin/sh\necho '"+test.says+"' >&2\nexit 1\n")))
			_, err := goCommand{path: path}.run(t.Context(), folder, nil, "build")
			assert.ErrorContains(t, err, test.err)
			assert.Equal(t, test.full, errors.Is(err, syscall.ENOSPC))
		})
	}
}
