// SPDX-License-Identifier: Apache-2.0

// Package catalog lists the libraries that are instrumented: the packages next to it.
package catalog

import (
	"maps"
	"slices"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

//go:generate go run ./generate

// Libraries returns one value of every library.
func Libraries() []instrument.Library {
	all := make([]instrument.Library, len(libraries))
	for i, library := range libraries {
		all[i] = library()
	}
	return all
}

// Instrumentations returns those of all libraries, by the names that the configuration has
// for them.
func Instrumentations() map[string]instrument.Instrumentation {
	all := map[string]instrument.Instrumentation{}
	for _, library := range Libraries() {
		for _, instrumentation := range library.Instrumentations() {
			all[instrumentation.Name] = instrumentation
		}
	}
	return all
}

// Names returns the names of all instrumentations, sorted.
func Names() []string { return slices.Sorted(maps.Keys(Instrumentations())) }
