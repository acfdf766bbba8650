// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// versions lists the released versions of a module from m.from on, oldest first.
func (m *module) versions(ctx context.Context, g goCommand, folder string) ([]string, error) {
	path := m.path
	if path == offsetsdb.Std {
		path = "golang.org/toolchain"
	}
	list, err := g.run(ctx, folder, nil, "list", "-m", "-retracted", "-versions", path)
	if err != nil {
		return nil, err
	}
	versions := strings.Fields(list)[1:]
	if m.path == offsetsdb.Std {
		versions = goReleases(versions)
	}
	versions = slices.DeleteFunc(versions, func(version string) bool {
		return !isRelease(version) || offsetsdb.CompareVersions(m.path, version, m.from) < 0
	})
	slices.SortFunc(versions, func(a, b string) int { return offsetsdb.CompareVersions(m.path, a, b) })
	return versions, nil
}

// isRelease tells whether a version is neither a pre-release nor a pseudo-version.
func isRelease(version string) bool {
	core, _, _ := strings.Cut(version, "+")
	return !strings.Contains(core, "-")
}

var goRelease = regexp.MustCompile(`^go1\.(\d+)(?:\.(\d+))?$`)

// goReleases returns the releases of Go by the list of toolchains, such as
// v0.0.1-go1.26.8.linux-amd64. The list leaves out what nobody has fetched for long, so that
// the numbers between are added: Go leaves none out.
func goReleases(toolchains []string) []string {
	newest := make(map[int]int) // patch by minor
	platform := "." + runtime.GOOS + "-" + runtime.GOARCH
	for _, toolchain := range toolchains {
		version, ok := strings.CutSuffix(strings.TrimPrefix(toolchain, "v0.0.1-"), platform)
		match := goRelease.FindStringSubmatch(version)
		if !ok || match == nil {
			continue
		}
		minor, _ := strconv.Atoi(match[1])
		patch, _ := strconv.Atoi(match[2]) // 0 without
		newest[minor] = max(newest[minor], patch)
	}
	var releases []string
	for minor, patches := range newest {
		for patch := range patches + 1 {
			releases = append(releases, releaseName(minor, patch))
		}
	}
	return releases
}

// releaseName is how Go calls a release: up to Go 1.20, the first one of a minor has no patch.
func releaseName(minor, patch int) string {
	if patch == 0 && minor <= 20 {
		return fmt.Sprintf("go1.%d", minor)
	}
	return fmt.Sprintf("go1.%d.%d", minor, patch)
}

// newestBefore returns the newest of some releases of Go that is before another one. Where
// that is "", it is the newest of all.
func newestBefore(releases []string, before string) string {
	for _, release := range slices.Backward(releases) {
		if before == "" || offsetsdb.CompareVersions(offsetsdb.Std, release, before) < 0 {
			return release
		}
	}
	return ""
}
