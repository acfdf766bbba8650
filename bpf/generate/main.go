// SPDX-License-Identifier: Apache-2.0

// Command generate compiles every *.bpf.c of the working directory for amd64 and arm64 and
// writes their Go bindings, so that a new one needs no edit: nethttp.bpf.c becomes
// bpf.LoadNethttp.
package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const suffix = ".bpf.c"

func main() {
	sources, err := filepath.Glob("*" + suffix)
	if err != nil {
		log.Fatal(err)
	}
	for _, source := range sources {
		if err := compile(source); err != nil {
			log.Fatalf("%s: %v", source, err)
		}
	}
}

// compile runs bpf2go on one file in the working directory.
func compile(source string) error {
	stem := strings.TrimSuffix(source, suffix)
	name := strings.ToUpper(stem[:1]) + stem[1:]
	command := exec.Command("go", "tool", "-modfile=../tools/go.mod", "bpf2go",
		"-cc", "clang-19", "-strip", "llvm-strip-19", "-target", "amd64,arm64", "-go-package", "bpf",
		name, source, "--",
		"-O2", "-g", "-Wall", "-Werror", "-mcpu=v3",
		"-I/usr/include/x86_64-linux-gnu", "-I/usr/include/aarch64-linux-gnu")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}
