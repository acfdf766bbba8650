// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// selection is a part of the versions of a module.
type selection struct {
	module      *module
	first, last string // versions, or ""
}

// parseSelection takes PATH, PATH@VERSION or PATH@FIRST..LAST, either of which may be left out.
func parseSelection(text string) (s selection, err error) {
	path, versions, _ := strings.Cut(text, "@")
	for i := range modules {
		if modules[i].path == path {
			s.module = &modules[i]
		}
	}
	if s.module == nil {
		return s, fmt.Errorf("module %q is not tracked; add it to modules in module.go", path)
	}
	first, last, isRange := strings.Cut(versions, "..")
	if !isRange {
		last = first
	}
	s.first, s.last = first, last
	return s, nil
}

func (s selection) has(version string) bool {
	return (s.first == "" || offsetsdb.CompareVersions(s.module.path, version, s.first) >= 0) &&
		(s.last == "" || offsetsdb.CompareVersions(s.module.path, version, s.last) <= 0)
}
