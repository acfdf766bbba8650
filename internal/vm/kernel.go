// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// kernel is one series of Debian's kernels for virtual machines.
type kernel struct {
	series string // "6.12", or empty for the newest that there is
	arch   string // as GOARCH and Debian have it
}

// packagePattern finds the packages that have a kernel: "linux-image-6.1.0-56-cloud-amd64", and from
// 7.3 on "linux-binary-7.3.4+deb13-cloud-amd64", whose linux-image has nothing in it.
var packagePattern = regexp.MustCompile(`^linux-(?:image|binary)-([0-9]\S*)-cloud-([a-z0-9]+)$`)

// packages returns those out of all names that are k's, the newest first.
func (k kernel) packages(names []string) []string {
	var mine []string
	for _, name := range names {
		found := packagePattern.FindStringSubmatch(name)
		// The meta package of a series is called linux-image-6.12-cloud-amd64.
		if found == nil || found[2] != k.arch || len(numbers(found[1])) < 3 {
			continue
		}
		if k.series == "" || strings.HasPrefix(found[1], k.series+".") {
			mine = append(mine, name)
		}
	}
	slices.SortFunc(mine, func(a, b string) int {
		byVersion := slices.Compare(numbers(packagePattern.FindStringSubmatch(b)[1]), numbers(packagePattern.FindStringSubmatch(a)[1]))
		return cmp.Or(byVersion, cmp.Compare(a, b)) // linux-binary before linux-image
	})
	return mine
}

// numbers are those in a version, in order.
func numbers(version string) (all []int) {
	for _, field := range strings.FieldsFunc(version, func(r rune) bool { return r < '0' || r > '9' }) {
		n, _ := strconv.Atoi(field) // it has nothing but digits
		all = append(all, n)
	}
	return all
}
