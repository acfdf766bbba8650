// SPDX-License-Identifier: Apache-2.0

// Package discovery tells which Go processes run on this host, when they start
// and when they end, and which of them the configuration asks for.
//
// A Watcher looks at every process once when it starts, then at each process that
// the kernel reports to execute a program, and slowly, again and again, at all of
// them, for what it was not told. What it knows of a process comes from /proc, so
// that processes in other mount and pid namespaces are found like any other. It
// must run in the host's pid namespace.
//
// The selectors and the descriptions of processes build everywhere; the Watcher
// is there on Linux alone.
package discovery
