// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"fmt"
	"slices"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The functions that probes sit in or are found by.
const (
	connServe      = "net/http.(*conn).serve"
	connServeDefer = "net/http.(*conn).serve.func1"
	serveHTTP      = "net/http.serverHandler.ServeHTTP"
	finishRequest  = "net/http.(*response).finishRequest"
	http2ServeHTTP = "net/http.http2Handler.ServeHTTP"
	roundTrip      = "net/http.(*Transport).roundTrip"
	connRoundTrip  = "net/http.(*persistConn).roundTrip"
)

// runHandler is what each HTTP/2 server starts in a goroutine of its own per request;
// the func1 that it defers recovers the handler's panic.
var runHandler = [http2Servers]string{
	http2Bundled:  "net/http.(*http2serverConn).runHandler",
	http2Internal: "net/http/internal/http2.(*serverConn).runHandler",
	http2Module:   "golang.org/x/net/http2.(*serverConn).runHandler",
}

func functionNames() []string {
	names := []string{connServe, connServeDefer, serveHTTP, finishRequest, http2ServeHTTP, roundTrip, connRoundTrip}
	for _, name := range runHandler {
		names = append(names, name, name+".func1")
	}
	return names
}

// planner gathers the plan of one binary.
type planner struct {
	file      *gobinary.File
	functions map[string][]gobinary.Function
	layout    layout
	plan      instrument.Plan
}

func (library) Plan(file *gobinary.File) (instrument.Plan, error) {
	functions, err := file.Functions(functionNames()...)
	if err != nil {
		return instrument.Plan{}, fmt.Errorf("functions of net/http: %w", err)
	}
	p := planner{file: file, functions: functions}
	p.layout.forget()
	p.http1Server()
	for variant := range http2Servers {
		p.http2Server(variant)
	}
	p.client()
	if len(p.plan.Probes) == 0 && len(p.plan.Problems) == 0 {
		return instrument.Plan{}, nil
	}
	if err := p.inlined(); err != nil {
		return instrument.Plan{}, err
	}
	if err := p.resolve(); err != nil {
		return instrument.Plan{}, fmt.Errorf("layouts of net/http: %w", err)
	}
	p.plan.Layout = p.layout
	return p.plan, nil
}

// resolve looks up the fields that the chosen probes read.
func (p *planner) resolve() error {
	wants := p.layout.requestWants()
	if p.functions[connServe] != nil {
		wants = append(wants, p.layout.responseWants()...)
	}
	if p.functions[roundTrip] != nil {
		wants = append(wants, p.layout.clientWants()...)
	}
	if minor, err := p.file.GoMinor(); err != nil || minor >= 22 {
		wants = append(wants, p.layout.patternWants()...)
	}
	for variant := range http2Servers {
		if p.functions[runHandler[variant]] != nil {
			wants = append(wants, p.layout.writerWants(variant)...)
		}
	}
	if p.functions[runHandler[http2Internal]] != nil {
		wants = append(wants, p.layout.http2RequestWants()...)
	}
	fields, err := p.file.Layout(instrument.Fields(wants))
	if err != nil && len(fields) == 0 {
		return err
	}
	if err != nil {
		p.problem("%v", err)
	}
	p.plan.Fields = fields
	p.plan.Missing = instrument.Resolve(wants, fields)
	p.layout.setSizes()
	return nil
}

// inlined says which functions have no entry to probe because the compiler put them
// into their callers.
func (p *planner) inlined() error {
	var missing []string
	for _, name := range []string{connServe, serveHTTP, finishRequest, roundTrip} {
		if p.functions[name] == nil {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	names, err := p.file.Inlined(missing...)
	if err != nil {
		return fmt.Errorf("inlined functions of net/http: %w", err)
	}
	for _, name := range names {
		p.problem("%s is inlined into its callers, where it cannot be probed", name)
	}
	return nil
}

func (p *planner) http1Server() {
	if p.functions[connServe] == nil {
		return
	}
	starts := p.calls(connServe, serveHTTP)
	ends := p.entries(finishRequest)
	unwinds := p.entries(connServeDefer)
	if len(starts) == 0 || len(ends) == 0 || len(unwinds) == 0 {
		p.problem("net/http.(*conn).serve: HTTP/1 servers are not traced, because a request's start or end has no site")
		return
	}
	p.add(server, "net_http_server_start", 0, starts...)
	p.add(server, "net_http_server_end", 0, ends...)
	p.add(server, "net_http_server_unwind", 0, unwinds...)
}

func (p *planner) http2Server(variant int) {
	if p.functions[runHandler[variant]] == nil {
		return
	}
	starts := p.entries(runHandler[variant])
	ends := p.entries(runHandler[variant] + ".func1")
	if len(starts) == 0 || len(ends) == 0 {
		p.problem("%s: HTTP/2 servers are not traced, because a request's start or end has no site", runHandler[variant])
		return
	}
	p.add(server, "net_http2_server_start", variant, starts...)
	p.add(server, "net_http2_server_end", variant, ends...)
	if variant == http2Internal {
		p.add(server, "net_http2_server_request", variant, p.indirectCalls(http2ServeHTTP)...)
	}
}

// The variants of the program net_http_client_end, enum client_end_kind.
const (
	endOnSuccess = 0
	endAlways    = 1
)

func (p *planner) client() {
	for _, function := range p.functions[roundTrip] {
		code, err := p.file.Code(function)
		if err != nil {
			p.problem("%s: clients are not traced: %v", roundTrip, err)
			continue
		}
		entry, err := code.Entry()
		if err != nil {
			p.problem("%s: clients are not traced: %v", roundTrip, err)
			continue
		}
		p.add(client, "net_http_client_start", 0, entry)
		p.clientEnds(code)
	}
}

// clientEnds ends a round trip where its response is in the result registers already
// and the next instruction is a cheap one: at the comparison of the error behind the
// calls that return both. The returns that only errors lead to are left, for what never
// comes that far.
func (p *planner) clientEnds(code *gobinary.Code) {
	var calls []gobinary.Site
	for _, function := range p.functions[connRoundTrip] {
		calls = append(calls, code.Calls(function)...)
	}
	// The call for HTTP/1 and the one for HTTP/2 share their comparison as a rule.
	var ends []gobinary.Site
	var successes []uint64
	for _, call := range append(calls, code.IndirectCalls()...) {
		if branch, ok := code.BranchAfter(call, gobinary.Register1); ok && !slices.Contains(ends, branch.Site) {
			ends = append(ends, branch.Site)
			successes = append(successes, branch.Zero)
		}
	}
	p.add(client, "net_http_client_end", endOnSuccess, ends...)
	for _, ret := range code.Returns() {
		onSuccess := slices.ContainsFunc(successes, func(from uint64) bool { return code.Reaches(from, ret) })
		if !onSuccess {
			p.add(client, "net_http_client_end", endAlways, ret)
		}
	}
}

// calls returns the calls of one function in another.
func (p *planner) calls(in, of string) []gobinary.Site {
	return p.sites(in, func(code *gobinary.Code) ([]gobinary.Site, error) {
		var sites []gobinary.Site
		for _, callee := range p.functions[of] {
			sites = append(sites, code.Calls(callee)...)
		}
		return sites, nil
	})
}

// indirectCalls returns the calls in a function of what only a register or memory knows.
func (p *planner) indirectCalls(in string) []gobinary.Site {
	return p.sites(in, func(code *gobinary.Code) ([]gobinary.Site, error) { return code.IndirectCalls(), nil })
}

func (p *planner) entries(name string) []gobinary.Site {
	return p.sites(name, func(code *gobinary.Code) ([]gobinary.Site, error) {
		site, err := code.Entry()
		return []gobinary.Site{site}, err
	})
}

// sites returns the sites that choose finds in the functions of a name. Where it cannot,
// that is a problem of the plan.
func (p *planner) sites(name string, choose func(*gobinary.Code) ([]gobinary.Site, error)) []gobinary.Site {
	var sites []gobinary.Site
	for _, function := range p.functions[name] {
		var chosen []gobinary.Site
		code, err := p.file.Code(function)
		if err == nil {
			chosen, err = choose(code)
		}
		if err != nil {
			p.problem("%s: %v", name, err)
			continue
		}
		sites = append(sites, chosen...)
	}
	return sites
}

func (p *planner) add(instrumentation, program string, variant int, sites ...gobinary.Site) {
	for _, site := range sites {
		p.plan.Probes = append(p.plan.Probes, instrument.Probe{
			Instrumentation: instrumentation, Program: program, Site: site, Variant: uint8(variant),
		})
	}
}

func (p *planner) problem(format string, args ...any) {
	p.plan.Problems = append(p.plan.Problems, fmt.Sprintf(format, args...))
}
