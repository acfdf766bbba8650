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
	requestWrite   = "net/http.(*Request).write"
	writeSubset    = "net/http.Header.writeSubset"
	bufferFlush    = "bufio.(*Writer).Flush"
	equalInterface = "runtime.ifaceeq"
)

// oldestLineage is the first minor of Go whose goroutines know who started them: from there on it matters which
// request of a connection is its first.
const oldestLineage = 21

// runHandler is what each HTTP/2 server starts in a goroutine of its own per request;
// the func1 that it defers recovers the handler's panic.
var runHandler = [http2Kinds]string{
	http2Bundled:  "net/http.(*http2serverConn).runHandler",
	http2Internal: "net/http/internal/http2.(*serverConn).runHandler",
	http2Module:   "golang.org/x/net/http2.(*serverConn).runHandler",
}

// encodeHeaders and writeHeaders are how each HTTP/2 client sends the headers of a request.
var (
	encodeHeaders = [http2Kinds]string{
		http2Bundled:  "net/http.(*http2clientStream).encodeAndWriteHeaders",
		http2Internal: "net/http/internal/http2.(*clientStream).encodeAndWriteHeaders",
		http2Module:   "golang.org/x/net/http2.(*clientStream).encodeAndWriteHeaders",
	}
	writeHeaders = [http2Kinds]string{
		http2Bundled:  "net/http.(*http2ClientConn).writeHeaders",
		http2Internal: "net/http/internal/http2.(*ClientConn).writeHeaders",
		http2Module:   "golang.org/x/net/http2.(*ClientConn).writeHeaders",
	}
)

// writeBarriers tell the garbage collector of pointers that are written, and leave all registers as they are
// (runtime/asm_amd64.s); the number is that of the pointers.
var writeBarriers = []string{
	"runtime.gcWriteBarrier1", "runtime.gcWriteBarrier2", "runtime.gcWriteBarrier3", "runtime.gcWriteBarrier4",
	"runtime.gcWriteBarrier5", "runtime.gcWriteBarrier6", "runtime.gcWriteBarrier7", "runtime.gcWriteBarrier8",
}

func functionNames() []string {
	names := []string{
		connServe, connServeDefer, serveHTTP, finishRequest, http2ServeHTTP, roundTrip, connRoundTrip,
		requestWrite, writeSubset, bufferFlush, equalInterface,
	}
	for _, name := range runHandler {
		names = append(names, name, name+".func1")
	}
	return slices.Concat(names, encodeHeaders[:], writeHeaders[:], writeBarriers)
}

// planner gathers the plan of one binary.
type planner struct {
	*instrument.Planner
	layout layout
}

func (library) Plan(file *gobinary.File) (instrument.Plan, error) {
	base, err := instrument.NewPlanner(file, functionNames()...)
	if err != nil {
		return instrument.Plan{}, fmt.Errorf("net/http: %w", err)
	}
	p := planner{Planner: base}
	p.layout.forget()
	p.http1Server()
	for variant := range http2Kinds {
		p.http2Server(variant)
	}
	p.client()
	p.propagation()
	if len(p.Plan.Probes) == 0 && len(p.Plan.Problems) == 0 {
		return instrument.Plan{}, nil
	}
	err = p.ReportInlined(connServe, serveHTTP, finishRequest, roundTrip)
	if err == nil {
		err = p.resolve()
	}
	if err != nil {
		return instrument.Plan{}, fmt.Errorf("net/http: %w", err)
	}
	p.Plan.Layout = p.layout
	return p.Plan, nil
}

// resolve looks up the fields that the chosen probes read.
func (p *planner) resolve() error {
	wants := p.layout.requestWants()
	if p.Functions[connServe] != nil {
		wants = append(wants, p.layout.responseWants()...)
	}
	if p.Functions[roundTrip] != nil {
		wants = slices.Concat(wants, p.layout.clientWants(), p.layout.bufferWants())
	}
	if minor, err := p.File.GoMinor(); err != nil || minor >= 22 {
		wants = append(wants, p.layout.patternWants()...)
	}
	for variant := range http2Kinds {
		if p.Functions[runHandler[variant]] != nil {
			wants = append(wants, p.layout.writerWants(variant)...)
		}
		if p.Functions[roundTrip] != nil && p.Functions[encodeHeaders[variant]] != nil {
			wants = append(wants, p.layout.streamWants(variant)...)
		}
	}
	if p.Functions[runHandler[http2Internal]] != nil {
		wants = append(wants, p.layout.http2RequestWants()...)
	}
	if err := p.FindFields(instrument.Fields(wants)); err != nil {
		return err
	}
	p.Plan.Missing = instrument.Resolve(wants, p.Plan.Fields)
	p.layout.setSizes()
	types, err := p.File.TypeAddresses(bufferType, connWriterType)
	p.layout.TypeBuffer, p.layout.TypeConnWriter = types[bufferType], types[connWriterType]
	return err
}

func (p *planner) http1Server() {
	if p.Functions[connServe] == nil {
		return
	}
	starts := p.Calls(connServe, serveHTTP)
	ends := p.Entries(finishRequest)
	unwinds := p.Entries(connServeDefer)
	if len(starts) == 0 || len(ends) == 0 || len(unwinds) == 0 {
		p.Problem("net/http.(*conn).serve: HTTP/1 servers are not traced, because a request's start or end has no site")
		return
	}
	if minor, err := p.File.GoMinor(); err == nil && minor >= oldestLineage {
		p.Add(server, "net_http_server_accept", 0, p.Entries(connServe)...)
	}
	p.Add(server, "net_http_server_start", 0, starts...)
	p.Add(server, "net_http_server_end", 0, ends...)
	p.Add(server, "net_http_server_unwind", 0, unwinds...)
}

func (p *planner) http2Server(variant int) {
	if p.Functions[runHandler[variant]] == nil {
		return
	}
	starts := p.Entries(runHandler[variant])
	ends := p.Entries(runHandler[variant] + ".func1")
	if len(starts) == 0 || len(ends) == 0 {
		p.Problem("%s: HTTP/2 servers are not traced, because a request's start or end has no site", runHandler[variant])
		return
	}
	p.Add(server, "net_http2_server_start", variant, starts...)
	p.Add(server, "net_http2_server_end", variant, ends...)
	if variant == http2Internal {
		p.http2Requests()
	}
}

// The variants of the program net_http_client_end, enum client_end_kind.
const (
	endOnSuccess   = 0
	endAlways      = 1
	endUnlessEqual = 2
	endIfFalse     = 3
)

func (p *planner) client() {
	for _, function := range p.Functions[roundTrip] {
		code, err := p.File.Code(function)
		if err != nil {
			p.Problem("%s: clients are not traced: %v", roundTrip, err)
			continue
		}
		entry, err := code.Entry()
		if err != nil {
			p.Problem("%s: clients are not traced: %v", roundTrip, err)
			continue
		}
		p.Add(client, "net_http_client_start", 0, entry)
		p.clientEnds(code)
	}
}

// clientEnds ends a round trip where its response is in the result registers already
// and the next instruction is a cheap one: at the comparison of the error behind the
// calls that return both. The returns that only errors lead to are left, for what never
// comes that far.
func (p *planner) clientEnds(code *gobinary.Code) {
	var calls []gobinary.Site
	for _, function := range p.Functions[connRoundTrip] {
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
	p.Add(client, "net_http_client_end", endOnSuccess, ends...)
	if result, verdict, ok := p.alternateEnd(code); ok {
		p.Add(client, "net_http_client_end", endUnlessEqual, result.Site)
		p.Add(client, "net_http_client_end", endIfFalse, verdict.Site)
		successes = append(successes, result.NonZero)
	}
	for _, ret := range code.Returns() {
		onSuccess := slices.ContainsFunc(successes, func(from uint64) bool { return code.Reaches(from, ret) })
		if !onSuccess {
			p.Add(client, "net_http_client_end", endAlways, ret)
		}
	}
}

// alternateEnd finds where a round trip ends that another RoundTripper, which is registered for the scheme, has made, as
// that of HTTP/2 is for a connection that is open:
//
//	if resp, err := altRT.RoundTrip(req); err != ErrSkipAltProtocol {
//		return resp, err
//	}
//
// The dynamic types of the two errors are compared first, in place: result is that. If they are equal, a
// function compares the errors: verdict is behind its call. The return is then no site, which spares each of these round
// trips, on amd64, the instruction that the kernel would single-step. On arm64 it simulates returns.
func (p *planner) alternateEnd(code *gobinary.Code) (result, verdict gobinary.Branch, found bool) {
	if p.File.Arch() != gobinary.AMD64 {
		return result, verdict, false
	}
	for _, call := range code.IndirectCalls() {
		result, ok := code.ComparisonAfter(call, gobinary.Register1)
		if !ok {
			continue
		}
		for _, comparison := range p.CallsIn(code, equalInterface) {
			if comparison.Address < result.Zero {
				continue
			}
			verdict, ok := code.BoolBranchAfter(comparison)
			if ok && endsAlike(code, result.NonZero, verdict.Zero) {
				return result, verdict, true
			}
			break // only the first one belongs to it
		}
	}
	return result, verdict, false
}

// endsAlike tells whether execution that goes on at two addresses comes to the same return, and to no other.
func endsAlike(code *gobinary.Code, a, b uint64) bool {
	n := 0
	for _, ret := range code.Returns() {
		fromA, fromB := code.Reaches(a, ret), code.Reaches(b, ret)
		if fromA != fromB {
			return false
		}
		if fromA {
			n++
		}
	}
	return n == 1
}

// The variants of the program net_http2_server_request, enum http2_request_place.
const (
	requestAtCall   = 0
	requestAtBranch = 1
)

// http2Requests finds where the *Request is in a register that net/http makes of one of
// net/http/internal/http2: at the call of its handler, or, since the kernel would single-step that on
// amd64, at the last jump before it, around a write barrier.
func (p *planner) http2Requests() {
	var barriers []gobinary.Function
	for _, name := range writeBarriers {
		barriers = append(barriers, p.Functions[name]...)
	}
	for _, function := range p.Functions[http2ServeHTTP] {
		code, err := p.File.Code(function)
		if err != nil {
			p.Problem("%s: HTTP/2 requests have no route: %v", http2ServeHTTP, err)
			continue
		}
		for _, call := range code.IndirectCalls() {
			if branch, ok := code.BranchBefore(call, barriers...); ok {
				p.Add(server, "net_http2_server_request", requestAtBranch, branch)
			} else {
				p.Add(server, "net_http2_server_request", requestAtCall, call)
			}
		}
	}
}
