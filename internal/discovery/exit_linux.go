// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openPIDFD opens a descriptor of a process that cannot come to mean another
// process. It is non-blocking, so that the runtime waits for it with its own epoll.
func openPIDFD(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, goneOr(fmt.Errorf("pidfd_open: %w", err))
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// awaitExit blocks until the process, with all of its threads, has ended. It fails
// when the descriptor is closed meanwhile.
func awaitExit(pidfd *os.File) error {
	conn, err := pidfd.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Read(ended)
}

// ended tells whether a pidfd is readable: whether its process has ended.
func ended(pidfd uintptr) bool {
	poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0
}
