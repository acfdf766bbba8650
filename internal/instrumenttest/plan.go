// SPDX-License-Identifier: Apache-2.0

// Package instrumenttest has what the tests of every instrumented library need: plans of
// executables, and spans of events.
package instrumenttest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// Plan has a library plan the probes of an executable.
func Plan(t testing.TB, library instrument.Library, path string) instrument.Plan {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	f, err := gobinary.Open(file)
	require.NoError(t, err)
	plan, err := library.Plan(f)
	require.NoError(t, err)
	return plan
}
