// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

// Planner gathers the plan of one binary.
type Planner struct {
	Plan      Plan
	File      *gobinary.File
	Functions map[string][]gobinary.Function // by name; a name that the binary lacks is absent
}

// NewPlanner looks functions up by their names.
func NewPlanner(file *gobinary.File, names ...string) (*Planner, error) {
	functions, err := file.Functions(names...)
	if err != nil {
		return nil, fmt.Errorf("functions: %w", err)
	}
	return &Planner{File: file, Functions: functions}, nil
}

// Problem adds a sentence to the plan's problems.
func (p *Planner) Problem(format string, args ...any) {
	p.Plan.Problems = append(p.Plan.Problems, fmt.Sprintf(format, args...))
}

// Add adds a program at sites to the plan.
func (p *Planner) Add(instrumentation, program string, variant int, sites ...gobinary.Site) {
	for _, site := range sites {
		p.Plan.Probes = append(p.Plan.Probes, Probe{
			Instrumentation: instrumentation, Program: program, Site: site, Variant: uint8(variant),
		})
	}
}

// AddWay adds a program at sites for ways of propagation to the plan.
func (p *Planner) AddWay(instrumentation string, way Way, program string, variant int, sites ...gobinary.Site) {
	before := len(p.Plan.Probes)
	p.Add(instrumentation, program, variant, sites...)
	for i := range p.Plan.Probes[before:] {
		p.Plan.Probes[before+i].Way = way
	}
}

// FindFields looks fields up, for the plan. That a source of them cannot be read is a
// problem of the plan, or an error if there is no other.
func (p *Planner) FindFields(fields []gobinary.Field) error {
	found, err := p.File.Layout(fields)
	if err != nil && len(found) == 0 {
		return fmt.Errorf("layouts: %w", err)
	}
	if err != nil {
		p.Problem("%v", err)
	}
	p.Plan.Fields = found
	return nil
}

// ReportInlined makes a problem of each function that has no entry to probe because the
// compiler put it into its callers.
func (p *Planner) ReportInlined(names ...string) error {
	var missing []string
	for _, name := range names {
		if p.Functions[name] == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	inlined, err := p.File.Inlined(missing...)
	if err != nil {
		return fmt.Errorf("inlined functions: %w", err)
	}
	for _, name := range inlined {
		p.Problem("%s is inlined into its callers, where it cannot be probed", name)
	}
	return nil
}

// Sites returns the sites that choose finds in the functions of a name. Where it cannot,
// that is a problem of the plan.
func (p *Planner) Sites(name string, choose func(*gobinary.Code) ([]gobinary.Site, error)) []gobinary.Site {
	var sites []gobinary.Site
	for _, function := range p.Functions[name] {
		var chosen []gobinary.Site
		code, err := p.File.Code(function)
		if err == nil {
			chosen, err = choose(code)
		}
		if err != nil {
			p.Problem("%s: %v", name, err)
			continue
		}
		sites = append(sites, chosen...)
	}
	return sites
}

// Entries returns the entries of the functions of a name.
func (p *Planner) Entries(name string) []gobinary.Site {
	return p.Sites(name, func(code *gobinary.Code) ([]gobinary.Site, error) {
		site, err := code.Entry()
		return []gobinary.Site{site}, err
	})
}

// Calls returns the calls of one function in another.
func (p *Planner) Calls(in, of string) []gobinary.Site {
	return p.Sites(in, func(code *gobinary.Code) ([]gobinary.Site, error) { return p.CallsIn(code, of), nil })
}

// CallsIn is Calls for code that is there already.
func (p *Planner) CallsIn(code *gobinary.Code, of string) []gobinary.Site {
	var sites []gobinary.Site
	for _, callee := range p.Functions[of] {
		sites = append(sites, code.Calls(callee)...)
	}
	return sites
}
