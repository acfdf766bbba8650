// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/vm/guest"
)

// suite is the tests of one package that run in machines.
type suite struct {
	pkg   string // its folder
	tests []test
}

// test is one test function.
type test struct {
	name string
	// of are the builds that have a subtest, by their names. None: all subtests run.
	of []targettest.Build
	// with are the builds that the test takes besides.
	with []targettest.Build
	// sub are the subtests that run, if they are not named after builds.
	sub string
	// lockdown keeps the test to machines that are locked down so: "none", where programs may write into
	// the memory of processes, or "integrity", where they must not. Empty: it runs in all.
	lockdown string
}

// pattern is what -test.run takes to run the test.
func (x test) pattern() string {
	pattern := "^" + x.name + "$"
	if len(x.of) > 0 {
		var names []string
		for _, build := range x.of {
			names = append(names, regexp.QuoteMeta(build.String()))
		}
		return pattern + "/^(" + strings.Join(names, "|") + ")$"
	}
	if x.sub != "" {
		return pattern + "/" + x.sub
	}
	return pattern
}

// wanted are the names by which the test and its subtests say that they have passed.
func (x test) wanted() []string {
	names := []string{x.name}
	for _, build := range x.of {
		names = append(names, x.name+"/"+build.String())
	}
	if x.sub != "" {
		names = append(names, x.name+"/")
	}
	return names
}

// name is that of the package.
func (s suite) name() string { return path.Base(s.pkg) }

// binary is the test's executable in the image, in the folder of its package.
func (s suite) binary() string { return path.Join(imageSource, s.pkg, s.name()+".test") }

// builds are all that the tests need.
func (s suite) builds() (all []targettest.Build) {
	for _, x := range s.tests {
		all = append(append(all, x.of...), x.with...)
	}
	return all
}

// command runs those tests in a machine whose names match.
func (s suite) command(m machine, wanted *regexp.Regexp, env []string, timeout time.Duration) (guest.Command, bool) {
	var patterns, names []string
	for _, x := range s.tests {
		if wanted.MatchString(x.name) && (x.lockdown == "" || x.lockdown == m.lockdown) {
			patterns = append(patterns, x.pattern())
			names = append(names, x.wanted()...)
		}
	}
	return guest.Command{
		Name:   s.name(),
		Folder: path.Dir(s.binary()),
		Args: []string{
			s.binary(), "-test.v", "-test.count=1", "-test.timeout=" + timeout.String(), "-test.run=" + strings.Join(patterns, "|"),
		},
		Env: append([]string{
			"HOME=/root", "PATH=/bin", "TMPDIR=/tmp", "XDG_CACHE_HOME=" + imageCache,
		}, env...),
		Timeout: timeout + time.Minute,
		Want:    names,
	}, len(patterns) > 0
}
