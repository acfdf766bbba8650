// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Network returns the inode of the process's network namespace, by which two processes
// know whether they share one. It is never 0.
func (p *Process) Network() (uint64, error) {
	var namespace unix.Stat_t
	if err := unix.Stat(p.files.path(p.PID, "ns/net"), &namespace); err != nil {
		return 0, fmt.Errorf("find the network namespace of process %d: %w", p.PID, err)
	}
	return namespace.Ino, nil
}
