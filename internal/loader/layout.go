// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// RuntimeLayout is struct runtime_layout, bpf/include/goroutine.h: what every program
// reads of Go's runtime.
type RuntimeLayout struct {
	Goid, ParentGoid, StackHi    uint16
	Panic, PanicArg, PanicGoexit uint16
	MapKind                      uint16
	M, MP                        uint16
	GoidCache, GoidCacheEnd      uint16
	GSize                        uint16
	GoidGen                      uint64
}

// stackHi is the offset of hi in runtime.stack, which is {lo, hi uintptr}.
const stackHi = 8

// wants lists what is read of a release of Go.
func (l *RuntimeLayout) wants(minor int) []instrument.Want {
	want := func(structName, field string, offset *uint16) instrument.Want {
		return instrument.At(offset, "runtime", structName, field)
	}
	wants := []instrument.Want{
		want("g", "goid", &l.Goid),
		want("g", "stack", &l.StackHi),
		want("g", "_panic", &l.Panic),
		want("_panic", "arg", &l.PanicArg),
		want("_panic", "goexit", &l.PanicGoexit),
	}
	if minor >= 21 {
		wants = append(wants,
			want("g", "parentGoid", &l.ParentGoid),
			want("g", "m", &l.M),
			want("m", "p", &l.MP),
			want("p", "goidcache", &l.GoidCache),
			want("p", "goidcacheend", &l.GoidCacheEnd),
		)
	}
	return wants
}

// RuntimeFields lists the fields that ResolveRuntime may look up.
func RuntimeFields() []gobinary.Field {
	return instrument.Fields(new(RuntimeLayout).wants(21))
}

// ResolveRuntime finds the runtime's layout in a binary and the fields that it lacks.
// It is an error if goroutines cannot be told apart, for then nothing can be traced: the
// layout is zero. With another error, which is that of a source, it is what the other
// sources have.
func ResolveRuntime(f *gobinary.File) (RuntimeLayout, gobinary.Layout, []gobinary.Field, error) {
	var l RuntimeLayout
	minor, err := f.GoMinor()
	if err != nil {
		return l, nil, nil, fmt.Errorf("Go version %q: %w", f.GoVersion(), err)
	}
	l.ParentGoid = instrument.Missing
	wants := l.wants(minor)
	fields, err := f.Layout(instrument.Fields(wants))
	if err != nil && len(fields) == 0 {
		return RuntimeLayout{}, nil, nil, fmt.Errorf("layouts of the runtime: %w", err)
	}
	missing := instrument.Resolve(wants, fields)
	if l.Goid == instrument.Missing || l.StackHi == instrument.Missing {
		return RuntimeLayout{}, fields, missing, errors.Join(errors.New("layout of runtime.g is not known"), err)
	}
	l.StackHi += stackHi
	l.GSize = instrument.Reach(l.Goid, l.ParentGoid, l.StackHi, l.M)
	if minor >= 21 {
		var unknown error
		if l.GoidGen, unknown = f.GoidGen(); unknown != nil {
			missing = append(missing, gobinary.Field{Package: "runtime", Struct: "schedt", Field: "goidgen"})
		}
	}
	l.MapKind = mapKind(minor, experiments(f))
	return l, fields, missing, err
}

// The kinds of maps, enum map_kind.
const (
	mapUnknown = 0
	mapBuckets = 1 // runtime/map.go, up to Go 1.23
	mapSwiss   = 2 // internal/runtime/maps, from Go 1.24 on
)

// mapKind tells which kind of map a binary has, by its version of Go and the experiments
// that it was built with: noswissmap (Go 1.24 and 1.25) keeps buckets, mapsplitgroup
// (Go 1.27) orders groups in a way that the kernel side does not read.
func mapKind(minor int, experiments string) uint16 {
	switch {
	case strings.Contains(experiments, "mapsplitgroup") && !strings.Contains(experiments, "nomapsplitgroup"):
		return mapUnknown
	case minor < 24 || strings.Contains(experiments, "noswissmap"):
		return mapBuckets
	}
	return mapSwiss
}

// experiments returns the GOEXPERIMENT of a build. The version names it, too, where the
// settings were not recorded.
func experiments(f *gobinary.File) string {
	for _, setting := range f.BuildInfo().Settings {
		if setting.Key == "GOEXPERIMENT" {
			return setting.Value
		}
	}
	_, names, _ := strings.Cut(f.GoVersion(), "X:")
	return names
}

// contextTypeKey and contextType are the structs of the same names in
// bpf/include/lineage.h.
type contextTypeKey struct {
	Type, Binary uint64
}

type contextType struct {
	Offset, Via, Dereference uint32
}
