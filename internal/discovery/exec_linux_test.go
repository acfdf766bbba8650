// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package discovery

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readUntil reads events of other processes, too.
func readUntil(t *testing.T, source ExecSource, pid int) (lost LostExecs) {
	for {
		got, err := source.Read()
		if err != nil {
			require.ErrorAs(t, err, &lost)
		}
		if got == pid {
			return lost
		}
	}
}

func TestExecEvents(t *testing.T) {
	source := execs(t)
	for range 3 {
		command := exec.Command("/bin/true")
		require.NoError(t, command.Run())
		assert.Zero(t, readUntil(t, source, command.Process.Pid))
	}

	// As if the ring buffer had been full seven times.
	require.NoError(t, source.(*execEvents).objects.ProcessEventsLost.Put(uint32(0), uint32(7)))
	command := exec.Command("/bin/true")
	require.NoError(t, command.Run())
	assert.Equal(t, LostExecs(7), readUntil(t, source, command.Process.Pid))
	require.NoError(t, command.Process.Release())

	ended := make(chan error)
	go func() {
		for {
			if _, err := source.Read(); err != nil {
				ended <- err
				return
			}
		}
	}()
	require.NoError(t, source.Close())
	require.ErrorIs(t, <-ended, os.ErrClosed)
}
