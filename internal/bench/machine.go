// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"os"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine is what was measured on.
type machine struct {
	Processor  string // its model
	Processors int
	Virtual    bool
	Kernel     string
}

var processorModel = regexp.MustCompile(`(?m)^model name\s*:\s*(.*)$`)

func thisMachine() machine {
	m := machine{Processor: runtime.GOARCH, Processors: runtime.NumCPU()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if model := processorModel.FindSubmatch(info); model != nil {
			m.Processor = string(model[1])
		}
		m.Virtual = strings.Contains(string(info), " hypervisor ")
	}
	var name unix.Utsname
	if err := unix.Uname(&name); err == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	return m
}
