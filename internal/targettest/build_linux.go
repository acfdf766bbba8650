// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"os"
	"runtime"
	"strings"
)

// Build is one way to build a program of testdata.
type Build struct {
	// Program is the program's folder under testdata.
	Program string
	// Go is the minor version that builds it, one of Versions; empty is the one that runs the test.
	Go string
	// GOARCH is the architecture of the executable; empty is that of the test.
	GOARCH string

	// Strip leaves out the symbol table and DWARF (-ldflags="-s -w").
	Strip bool
	// PIE makes a position independent executable.
	PIE bool
	// CGO links the C library for what net and os/user take from it.
	CGO bool
	// Static links the C library in, for builds with CGO; the others are static anyway, unless PIE.
	Static bool
	// Trimpath leaves out the folders of the build machine.
	Trimpath bool
	// Vendor takes dependencies from a vendor folder. Their import paths are the same as without it.
	Vendor bool
	// GOPATH builds without modules: dependencies have import paths with .../vendor/ in front, and
	// the build info names no module.
	GOPATH bool

	// Tags are build tags.
	Tags []string
	// ModFile is a go.mod of the program under another name, with other versions of its dependencies.
	ModFile string
}

// String names the build for a subtest: "go1.22-stripped-pie".
func (b Build) String() string {
	name := "go" + b.Go
	if b.Go == "" {
		name = "golocal"
	}
	if b.GOARCH != "" {
		name += "-" + b.GOARCH
	}
	for _, option := range []struct {
		on   bool
		name string
	}{
		{b.Strip, "stripped"}, {b.PIE, "pie"}, {b.CGO, "cgo"}, {b.Static, "static"},
		{b.Trimpath, "trimpath"}, {b.Vendor, "vendor"}, {b.GOPATH, "gopath"},
	} {
		if option.on {
			name += "-" + option.name
		}
	}
	for _, tag := range b.Tags {
		name += "-" + tag
	}
	if b.ModFile != "" {
		name += "-" + strings.TrimSuffix(b.ModFile, ".mod")
	}
	return name
}

// arguments are those of `go build`, but for -o.
func (b Build) arguments() []string {
	args := []string{"build"}
	var ldflags []string
	if b.Strip {
		ldflags = append(ldflags, "-s", "-w")
	}
	if b.PIE {
		args = append(args, "-buildmode=pie")
	}
	if b.Static && b.CGO {
		static := "-static"
		if b.PIE {
			static = "-static-pie"
		}
		ldflags = append(ldflags, "-linkmode=external", "-extldflags="+static)
	}
	if ldflags != nil {
		args = append(args, "-ldflags="+strings.Join(ldflags, " "))
	}
	if b.Trimpath {
		args = append(args, "-trimpath")
	}
	if len(b.Tags) > 0 {
		args = append(args, "-tags="+strings.Join(b.Tags, ","))
	}
	if b.Vendor {
		args = append(args, "-mod=vendor")
	}
	if b.ModFile != "" {
		args = append(args, "-modfile="+b.ModFile)
	}
	return args
}

// environment is that of the go command. What the test's caller has set for builds does not reach it.
func (b Build) environment() []string {
	env := append(os.Environ(),
		"GOROOT=", "GOTOOLCHAIN=local", "GOOS=linux", "GOARCH="+b.arch(),
		"GOFLAGS=-buildvcs=false", "GOWORK=off", "GOEXPERIMENT=", "GODEBUG=", "GO111MODULE=on")
	if b.CGO {
		return append(env, "CGO_ENABLED=1")
	}
	return append(env, "CGO_ENABLED=0")
}

func (b Build) arch() string {
	if b.GOARCH == "" {
		return runtime.GOARCH
	}
	return b.GOARCH
}
