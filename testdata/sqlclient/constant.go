// SPDX-License-Identifier: Apache-2.0

package main

// A statement in the middle of a constant of 512 KiB: on a page of the executable that nothing has read, nor one near
// it, so that it is not in memory when the statement is executed.
const (
	constant64   = "SELECT name FROM constants WHERE price < 42                     "
	constant1K   = constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64
	constant16K  = constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K
	constant128K = constant16K + constant16K + constant16K + constant16K + constant16K + constant16K + constant16K + constant16K
	constant512K = constant128K + constant128K + constant128K + constant128K
)

func constantStatement() string {
	const middle = len(constant512K) / 2
	return constant512K[middle : middle+len(constant64)]
}
