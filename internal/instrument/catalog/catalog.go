// SPDX-License-Identifier: Apache-2.0

// Package catalog lists the libraries that are instrumented: the packages next to it.
package catalog

import (
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

// Names returns the instrumentations of all libraries, as the configuration names them,
// sorted.
func Names() []string {
	var names []string
	for _, library := range Libraries() {
		for _, instrumentation := range library.Instrumentations() {
			names = append(names, instrumentation.Name)
		}
	}
	slices.Sort(names)
	return names
}
