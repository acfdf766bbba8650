// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"debug/elf"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// measureSites chooses sites in all versions of Go.
func (b *bench) measureSites(r *report) {
	b.t.Helper()
	r.Sites = chooseSites(b.t, b.versions)
}

// siteRow is the sites of one probe on one kind of instruction in one function.
type siteRow struct {
	Program, Function string
	Kind              gobinary.SiteKind
	offsets           map[string][]uint64 // in the function, by Go version
}

// Stepped tells whether the kernel must single-step the instruction.
func (r *siteRow) Stepped() bool {
	switch r.Kind {
	case gobinary.SiteReturn, gobinary.SiteIndirectCall, gobinary.SiteStepped:
		return true
	}
	return false
}

// listed is how many offsets a cell of the table has room for.
const listed = 3

// Cell lists the offsets in one Go version, or says how many there are.
func (r *siteRow) Cell(version string) string {
	if n := len(r.offsets[version]); n > listed {
		return fmt.Sprintf("%d places", n)
	}
	var list []string
	for _, offset := range r.offsets[version] {
		list = append(list, fmt.Sprintf("+%#x", offset))
	}
	return strings.Join(list, " ")
}

// siteTable is which instructions the probes sit on.
type siteTable struct {
	Versions []string
	Rows     []*siteRow
}

// chooseSites plans the probes of all libraries in each Go version, those of gRPC with one of the
// versions that it is tested with.
// The executables have symbols, for naming what was chosen; the choice itself does not read them,
// and the code is the same without.
func chooseSites(t testing.TB, versions []string) *siteTable {
	t.Helper()
	table := &siteTable{Versions: versions}
	for _, version := range versions {
		for _, build := range siteBuilds(version) {
			path := targettest.Binary(t, build)
			if err := table.add(version, path); err != nil {
				t.Fatalf("sites in %s: %v", path, err)
			}
		}
	}
	slices.SortStableFunc(table.Rows, func(a, b *siteRow) int { return strings.Compare(a.Program, b.Program) })
	return table
}

// siteBuilds are the programs that have all that is traced in a version of Go.
func siteBuilds(version string) []targettest.Build {
	// What h2cserver has of net/http is the same again.
	builds := []targettest.Build{{Program: "httpserver", Go: version}, {Program: "h2cserver", Go: version}}
	for _, build := range slices.Backward(targettest.GRPCBuilds("grpcserver")) {
		if build.Go == version {
			return append(builds,
				targettest.Build{Program: "grpcserver", Go: version, ModFile: build.ModFile},
				targettest.Build{Program: "sqlclient", Go: version})
		}
	}
	return builds // older than gRPC and database/sql are traced in
}

func (s *siteTable) add(version, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	probes, err := planProbes(file)
	if err != nil {
		return err
	}
	symbols, err := functionSymbols(file)
	if err != nil {
		return err
	}
	for _, probe := range probes {
		symbol, ok := symbols.at(probe.Site.Address)
		if !ok {
			return fmt.Errorf("%s: no function at %#x", probe.Program, probe.Site.Address)
		}
		row := s.row(probe.Program, symbol.Name, probe.Site.Kind)
		offset := probe.Site.Address - symbol.Value
		if at, found := slices.BinarySearch(row.offsets[version], offset); !found {
			row.offsets[version] = slices.Insert(row.offsets[version], at, offset)
		}
	}
	return nil
}

// planProbes returns the probes of all libraries in an executable.
func planProbes(file *os.File) (probes []instrument.Probe, err error) {
	binary, err := gobinary.Open(file)
	if err != nil {
		return nil, err
	}
	for _, library := range catalog.Libraries() {
		plan, err := library.Plan(binary)
		if err != nil {
			return nil, err
		}
		probes = append(probes, plan.Probes...)
	}
	return probes, nil
}

func (s *siteTable) row(program, function string, kind gobinary.SiteKind) *siteRow {
	for _, row := range s.Rows {
		if row.Program == program && row.Function == function && row.Kind == kind {
			return row
		}
	}
	row := &siteRow{program, function, kind, map[string][]uint64{}}
	s.Rows = append(s.Rows, row)
	return row
}

// symbols are the functions of an executable, sorted by address.
type symbols []elf.Symbol

func functionSymbols(file *os.File) (symbols, error) {
	executable, err := elf.NewFile(file)
	if err != nil {
		return nil, err
	}
	all, err := executable.Symbols()
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s elf.Symbol) bool { return elf.ST_TYPE(s.Info) != elf.STT_FUNC })
	slices.SortFunc(all, func(a, b elf.Symbol) int { return int(a.Value) - int(b.Value) })
	return all, nil
}

func (s symbols) at(address uint64) (elf.Symbol, bool) {
	after, found := slices.BinarySearchFunc(s, address, func(symbol elf.Symbol, address uint64) int {
		return int(symbol.Value) - int(address)
	})
	if !found {
		after--
	}
	if after < 0 || address >= s[after].Value+s[after].Size {
		return elf.Symbol{}, false
	}
	return s[after], true
}
