// SPDX-License-Identifier: Apache-2.0

// Package bpf holds the programs that run in the kernel, compiled for amd64 and
// arm64, and their Go bindings. The objects are committed, so that a build of the
// collector needs no C compiler; go generate makes them again with clang 19.
package bpf

//go:generate go run ./generate
