// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// oldestGo is the first minor of Go whose database/sql is traced. Before it, not all
// functions of it, nor their prologues, are as the sites need them.
const oldestGo = 21

// planner gathers the plan of one binary.
type planner struct {
	*instrument.Planner
	ends   [endCount][]instrument.Probe
	starts []instrument.Probe
	traced []operation
	layout layout
}

func (library) Plan(file *gobinary.File) (instrument.Plan, error) {
	common, err := instrument.NewPlanner(file, functionNames()...)
	if err != nil {
		return instrument.Plan{}, fmt.Errorf("database/sql: %w", err)
	}
	p := planner{Planner: common, layout: newLayout()}
	if !p.used() {
		return instrument.Plan{}, nil
	}
	minor, err := file.GoMinor()
	if err != nil || minor < oldestGo {
		p.Problem("database/sql is not traced: the executable was built with %s, which is older than go1.%d", file.GoVersion(), oldestGo)
		return p.Plan, nil
	}
	for e := range endCount {
		p.ends[e] = p.probes(e)
	}
	for _, operation := range operations {
		p.operation(operation)
	}
	p.unwinding()
	// In this order they are attached: an operation that began before its end has probes
	// would be open for ever.
	p.Plan.Probes = append(p.Plan.Probes, p.starts...)
	if err := p.ReportInlined(operationNames()...); err != nil {
		return instrument.Plan{}, fmt.Errorf("database/sql: %w", err)
	}
	if len(p.traced) == 0 {
		return p.Plan, nil
	}
	if err := p.resolve(minor); err != nil {
		return instrument.Plan{}, fmt.Errorf("database/sql: %w", err)
	}
	p.Plan.Layout = p.layout
	return p.Plan, nil
}

// used tells whether there is any operation in the binary.
func (p *planner) used() bool {
	return slices.ContainsFunc(operations, func(o operation) bool { return p.Functions[o.name] != nil })
}

// operation adds the probes of an operation, if all of its ends have sites.
func (p *planner) operation(o operation) {
	for _, function := range p.Functions[o.name] {
		code, err := p.File.Code(function)
		if err != nil {
			p.Problem("%s is not traced: %v", o.name, err)
			continue
		}
		starts, err := p.startsOf(o, code)
		if err != nil {
			p.Problem("%s is not traced: %v", o.name, err)
			continue
		}
		var calls []gobinary.Site
		for _, callee := range o.calls {
			sites := p.callsOf(callee)(code)
			if sites == nil {
				err = fmt.Errorf("it does not call %s, which may be inlined", callee)
			}
			calls = append(calls, sites...)
		}
		ends := p.endsOf(o)
		for _, e := range ends {
			if p.ends[e] == nil {
				err = fmt.Errorf("there is no site to see that it is over in %s", strings.Join(o.calls, " and "))
			}
		}
		if err != nil {
			p.Problem("%s is not traced: %v", o.name, err)
			continue
		}
		p.traced = append(p.traced, o)
		for _, start := range starts {
			p.starts = append(p.starts, instrument.Probe{
				Instrumentation: o.instrumentation, Program: o.start, Variant: uint8(o.variant), Site: start,
			})
		}
		for _, e := range ends {
			p.add(o.instrumentation, p.ends[e]...)
		}
		p.add(o.instrumentation, earlyReturns(code, o, calls)...)
	}
}

// endsOf returns where an operation ends.
func (p *planner) endsOf(o operation) []end {
	ends := slices.Clone(o.ends)
	for i, e := range ends {
		if other, ok := instead[e]; ok && p.ends[e] == nil {
			ends[i] = other
		}
	}
	return ends
}

// startsOf returns where an operation starts.
func (p *planner) startsOf(o operation, code *gobinary.Code) (sites []gobinary.Site, err error) {
	if o.begins == nil {
		site, err := code.Entry()
		return []gobinary.Site{site}, err
	}
	for _, callee := range o.begins {
		sites = append(sites, p.callsOf(callee)(code)...)
	}
	if len(sites) != 1 {
		return nil, fmt.Errorf("it calls %s %d times, not once", strings.Join(o.begins, " or "), len(sites))
	}
	return sites, nil
}

// earlyReturns ends an operation at those of its returns that no call of its work leads
// to: it has an error before there is any.
func earlyReturns(code *gobinary.Code, o operation, calls []gobinary.Site) (probes []instrument.Probe) {
	if slices.Contains(o.calls, retry) || o.begins != nil {
		return nil // it has none, or does not get so far with one
	}
	for _, ret := range code.Returns() {
		if !slices.ContainsFunc(calls, func(call gobinary.Site) bool { return code.Reaches(call.Address, ret) }) {
			probes = append(probes, instrument.Probe{Program: "sql_return", Variant: uint8(o.results), Site: ret})
		}
	}
	return probes
}

// unwinding adds the probes that see operations end which do not return: because of a
// panic that is recovered further out, or of runtime.Goexit.
func (p *planner) unwinding() {
	for _, unwinds := range []struct{ function, program string }{{gopanic, "sql_panic"}, {recovery, "sql_recovery"}, {goexit, "sql_exit"}} {
		probes := p.sites(unwinds.function, unwinds.program, 0, entry)
		for _, o := range p.traced {
			p.add(o.instrumentation, probes...)
		}
	}
}

// add adds probes to an instrumentation, each once. What several instrumentations need is
// attached for each of them, and finds a span to end for one.
func (p *planner) add(instrumentation string, probes ...instrument.Probe) {
	for _, probe := range probes {
		probe.Instrumentation = instrumentation
		if !slices.Contains(p.Plan.Probes, probe) {
			p.Plan.Probes = append(p.Plan.Probes, probe)
		}
	}
}

// sites makes probes of the sites that choose finds in the functions of a name; nil if one
// of them has none.
func (p *planner) sites(name, program string, variant uint8, choose func(*gobinary.Code) []gobinary.Site) (probes []instrument.Probe) {
	for _, function := range p.Functions[name] {
		code, err := p.File.Code(function)
		if err != nil {
			p.Problem("%s: %v", name, err)
			return nil
		}
		sites := choose(code)
		if sites == nil {
			return nil
		}
		for _, site := range sites {
			probes = append(probes, instrument.Probe{Program: program, Variant: variant, Site: site})
		}
	}
	return probes
}

// resolve looks up the fields that the chosen probes read.
func (p *planner) resolve(minor int) error {
	addresses, err := p.File.TypeAddresses(typeNames()...)
	if err != nil {
		return err
	}
	of := func(structName string) bool {
		return slices.ContainsFunc(p.traced, func(o operation) bool { return strings.HasPrefix(o.name, pkg+"(*"+structName+").") })
	}
	wants := append(p.layout.wants(of("Conn"), of("Tx"), of("Stmt")), p.layout.recoveryWants(minor)...)
	if err := p.FindFields(append(instrument.Fields(wants), driverFields(addresses)...)); err != nil {
		return err
	}
	p.Plan.Missing = instrument.Resolve(wants, p.Plan.Fields)
	missing, err := p.layout.setDrivers(addresses, p.Plan.Fields)
	if err != nil {
		p.Problem("%v", err)
	}
	p.Plan.Missing = append(p.Plan.Missing, missing...)
	return nil
}
