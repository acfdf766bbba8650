// SPDX-License-Identifier: Apache-2.0

package main

// A message in the middle of a constant of 512 KiB: on a page of the executable that nothing has read, nor one near
// it, so that it is not in memory when the error is returned.
const (
	constant64   = "a constant message that is read by nobody before it is returned "
	constant1K   = constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64 + constant64
	constant16K  = constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K + constant1K
	constant128K = constant16K + constant16K + constant16K + constant16K + constant16K + constant16K + constant16K + constant16K
	constant512K = constant128K + constant128K + constant128K + constant128K
)

func constantMessage() string {
	const middle = len(constant512K) / 2
	return constant512K[middle : middle+len(constant64)]
}
