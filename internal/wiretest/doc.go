// SPDX-License-Identifier: Apache-2.0

// Package wiretest is the far end of the connections of a program that makes requests: peers that answer it and keep
// every byte that came, and what compares the bytes of two runs. It shares no code with what adds headers, nor does it
// look at how that works: it knows what a header that was added has to look like, and that nothing else may differ.
package wiretest
