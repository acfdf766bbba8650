// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"cmp"
	"errors"
	"go/version"
	"strings"
)

// maxVersion is the length of a version, of which pseudo-versions have about 40 bytes.
const maxVersion = 128

// validVersion tells whether a version can stand in the database: one of Go's releases in
// the module "std", a semantic version with all its parts in others.
func validVersion(module, v string) error {
	switch {
	case len(v) > maxVersion:
		return errors.New("version is too long")
	case strings.Contains(v, ".."):
		return errors.New("is not a version")
	case module == Std && !version.IsValid(v):
		return errors.New("is not a version of Go, such as go1.26.8")
	case module != Std && !validSemantic(v):
		return errors.New("is not a semantic version, such as v1.60.0")
	}
	return nil
}

// CompareVersions returns -1, 0 or 1 as a is older than, the same as, or newer than b. Both
// are versions of that module.
func CompareVersions(module, a, b string) int {
	if module == Std {
		return cmp.Or(version.Compare(a, b), strings.Compare(a, b))
	}
	return cmp.Or(compareSemantic(a, b), strings.Compare(a, b))
}

// semantic is a version v1.2.3-pre.1+build, taken apart.
type semantic struct {
	numbers    [3]string // without leading zeros, so that the longer one is the larger
	prerelease string
}

func parseSemantic(v string) (s semantic, ok bool) {
	v, ok = strings.CutPrefix(v, "v")
	v, build, hasBuild := strings.Cut(v, "+")
	core, prerelease, hasPrerelease := strings.Cut(v, "-")
	if !ok || hasBuild && !validIdentifiers(build) || hasPrerelease && !validIdentifiers(prerelease) {
		return s, false
	}
	s.prerelease = prerelease
	numbers := strings.Split(core, ".")
	if len(numbers) != len(s.numbers) {
		return s, false
	}
	for i, number := range numbers {
		if !numeric(number) || len(number) > 1 && number[0] == '0' {
			return s, false
		}
		s.numbers[i] = number
	}
	return s, true
}

func validSemantic(v string) bool {
	_, ok := parseSemantic(v)
	return ok
}

// validIdentifiers tells whether what stands behind a - or a + consists of identifiers.
func validIdentifiers(list string) bool {
	for identifier := range strings.SplitSeq(list, ".") {
		if identifier == "" || strings.Trim(identifier, "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "" {
			return false
		}
	}
	return true
}

func numeric(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// compareSemantic orders by precedence as semver.org defines it, section 11.
func compareSemantic(a, b string) int {
	x, _ := parseSemantic(a)
	y, _ := parseSemantic(b)
	for i := range x.numbers {
		if c := compareNumbers(x.numbers[i], y.numbers[i]); c != 0 {
			return c
		}
	}
	switch {
	case x.prerelease == y.prerelease:
		return 0
	case x.prerelease == "":
		return 1
	case y.prerelease == "":
		return -1
	}
	return comparePrereleases(strings.Split(x.prerelease, "."), strings.Split(y.prerelease, "."))
}

func comparePrereleases(a, b []string) int {
	for i := range min(len(a), len(b)) {
		c := strings.Compare(a[i], b[i])
		switch {
		case numeric(a[i]) && numeric(b[i]):
			c = compareNumbers(a[i], b[i])
		case numeric(a[i]):
			c = -1
		case numeric(b[i]):
			c = 1
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func compareNumbers(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}
