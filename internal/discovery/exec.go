// SPDX-License-Identifier: Apache-2.0

package discovery

import "fmt"

// ExecSource reports processes that execute a program.
type ExecSource interface {
	// Read blocks until the next exec and returns the process, in the pid namespace
	// of the collector. With an error of type LostExecs the pid is good, too. After
	// Close the error is os.ErrClosed.
	Read() (pid int, err error)
	// Close ends the source and every Read.
	Close() error
}

// LostExecs is the number of execs that were not reported because nobody read the
// earlier ones in time.
type LostExecs uint64

func (n LostExecs) Error() string { return fmt.Sprintf("%d exec events lost", uint64(n)) }
