// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"os"
	"syscall"
)

// WriteExecutable writes a file that can be executed at once. A process that another test starts meanwhile would
// have it open until it has become another program, and what is open for writing cannot be executed.
func WriteExecutable(path string, content []byte) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(path, content, 0o755)
}

// CopyExecutable is WriteExecutable with what another file has.
func CopyExecutable(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return WriteExecutable(to, content)
}
