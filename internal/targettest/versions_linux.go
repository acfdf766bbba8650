// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"fmt"
	"runtime"
)

// toolchains are the versions of Go whose programs we trace, oldest first, each by its minor and by
// the release that stands for it in tests.
var toolchains = []struct{ minor, release string }{
	{"1.18", "1.18.10"},
	{"1.19", "1.19.13"},
	{"1.20", "1.20.14"},
	{"1.21", "1.21.13"},
	{"1.22", "1.22.12"},
	{"1.23", "1.23.12"},
	{"1.24", "1.24.13"},
	{"1.25", "1.25.11"},
	{"1.26", "1.26.8"},
	{"1.27", "1.27.4"},
}

// Versions returns the supported minor versions of Go, "1.18" first.
func Versions() []string {
	minors := make([]string, len(toolchains))
	for i, toolchain := range toolchains {
		minors[i] = toolchain.minor
	}
	return minors
}

// version is the release that builds b, as runtime.Version gives it.
func (b Build) version() string {
	if b.Go == "" {
		return runtime.Version()
	}
	for _, toolchain := range toolchains {
		if toolchain.minor == b.Go {
			return "go" + toolchain.release
		}
	}
	panic(fmt.Sprintf("targettest: Go %s is not one of Versions", b.Go))
}

// toolchain is the GOTOOLCHAIN that builds b. `go test` puts the go command that it belongs to first
// in PATH, so that local is the version that runs the test.
func (b Build) toolchain() string {
	if b.Go == "" {
		return "local"
	}
	return b.version()
}
