// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// startProcess starts a collector in a process of its own, which traces what has that mark.
func startProcess(t *testing.T, mark string) *exec.Cmd {
	t.Helper()
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), processVariable+"="+mark)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if t.Failed() {
			t.Logf("collector: %s", output.String())
		}
	})
	return command
}

// A collector that is killed takes its probes with it, and no request of its targets fails, while it
// traces, while it dies, and after.
func TestCollectorIsKilledUnderLoad(t *testing.T) {
	for _, build := range loadBuilds {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			mark := fmt.Sprintf("killed-%d-%s", os.Getpid(), build)
			x := targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark))
			secure := targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark), targettest.TLS())
			requests := underLoad(t, secure, func() {
				underLoad(t, x, func() {
					for range 3 {
						collector := startProcess(t, mark)
						for _, target := range []*targettest.Target{x, secure} {
							require.Eventually(t, func() bool { return traps(t, target) > 0 }, patience, interval)
						}
						require.NoError(t, collector.Process.Kill())
						_ = collector.Wait() // it says "signal: killed"
						for _, target := range []*targettest.Target{x, secure} {
							assert.Eventually(t, func() bool { return traps(t, target) == 0 }, patience, interval, "probes are left")
						}
					}
				})
			})
			t.Logf("%d requests", requests)
		})
	}
}
