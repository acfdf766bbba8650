// SPDX-License-Identifier: Apache-2.0

// Package bpf holds the programs that run in the kernel, compiled for amd64 and
// arm64, and their Go bindings. The objects are committed, so that a build of the
// collector needs no C compiler; go generate makes them again with clang 19.
package bpf

//go:generate go tool -modfile=../tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -go-package bpf -type exec_event Process process.bpf.c -- -O2 -g -Wall -Werror -mcpu=v3 -I/usr/include/x86_64-linux-gnu -I/usr/include/aarch64-linux-gnu
//go:generate go tool -modfile=../tools/go.mod bpf2go -cc clang-19 -strip llvm-strip-19 -target amd64,arm64 -go-package bpf NetHTTP nethttp.bpf.c -- -O2 -g -Wall -Werror -mcpu=v3 -I/usr/include/x86_64-linux-gnu -I/usr/include/aarch64-linux-gnu
