// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The functions that probes sit in or are found by.
const (
	handleStream    = root + ".(*Server).handleStream"
	malformedMethod = root + ".(*Server).handleMalformedMethodName"
	processUnary    = root + ".(*Server).processUnaryRPC"
	sendResponse    = root + ".(*Server).sendResponse"
	statusFromError = root + "/status.FromError"
	goexit          = "runtime.Goexit"

	newStream           = root + ".newClientStream"
	newStreamWithParams = root + ".newClientStreamWithParams"
	finish              = root + ".(*clientStream).finish"
	selectConfig        = root + "/internal/resolver.(*SafeConfigSelector).SelectConfig"
	toRPCErr            = root + ".toRPCErr"
	newproc             = "runtime.newproc"

	transportStream    = transport + ".(*http2Client).NewStream"
	createHeaderFields = transport + ".(*http2Client).createHeaderFields"
	writeHeader        = transport + ".(*loopyWriter).writeHeader"
)

// writeStatus is what ends a call on the server's side, by the transport's place in enum
// server_transport, which is the variant of the probe there. Up to 1.68 it is exported.
var writeStatus = [...][]string{
	{transport + ".(*http2Server).writeStatus", transport + ".(*http2Server).WriteStatus"},
	{transport + ".(*serverHandlerTransport).writeStatus", transport + ".(*serverHandlerTransport).WriteStatus"},
}

// messageFailure is what writes a status because a message could not be received or sent:
// what those functions defer.
var messageFailure = [2]string{
	root + ".(*serverStream).RecvMsg.func1",
	root + ".(*serverStream).SendMsg.func1",
}

// maxClosures bounds the closures of newClientStream that are looked for. There are at
// most five.
const maxClosures = 9

func closures() []string {
	names := make([]string, maxClosures)
	for i := range names {
		names[i] = newStream + ".func" + strconv.Itoa(i+1)
	}
	return names
}

func functionNames() []string {
	return slices.Concat(slices.Concat(writeStatus[:]...), messageFailure[:], closures(), []string{
		handleStream, malformedMethod, processUnary, sendResponse, statusFromError, goexit,
		newStream, newStreamWithParams, finish, selectConfig, toRPCErr, newproc,
		transportStream, createHeaderFields, writeHeader,
	}, originate[:])
}

// planner gathers the plan of one binary.
type planner struct {
	*instrument.Planner
	layout layout
}

func (library) Plan(file *gobinary.File) (instrument.Plan, error) {
	base, err := instrument.NewPlanner(file, functionNames()...)
	if err != nil {
		return instrument.Plan{}, fmt.Errorf("gRPC: %w", err)
	}
	p := planner{Planner: base}
	if p.Functions[handleStream] == nil && p.Functions[newStream] == nil {
		return instrument.Plan{}, nil
	}
	if err := p.readLayout(); err != nil {
		return instrument.Plan{}, fmt.Errorf("gRPC: %w", err)
	}
	if p.Functions[handleStream] != nil {
		p.server()
	}
	if p.Functions[newStream] != nil {
		p.client()
		p.propagation()
	}
	p.Plan.Layout = p.layout
	return p.Plan, nil
}

// readLayout looks up the fields and types that the probes of this binary read.
func (p *planner) readLayout() error {
	wants := p.layout.sharedWants()
	if p.Functions[handleStream] != nil {
		wants = append(wants, p.layout.serverWants()...)
	}
	if p.Functions[newStream] != nil {
		wants = slices.Concat(wants, p.layout.clientWants(), p.layout.propagationWants())
	}
	instrument.Resolve(p.layout.allWants(), nil)
	if err := p.FindFields(fields(wants)); err != nil {
		return err
	}
	p.Plan.Missing = instrument.Resolve(wants, p.Plan.Fields)
	p.layout.setSizes()
	p.layout.resolveServerStream(p.Plan.Fields)
	lacking := p.layout.resolvePropagation(p.Plan.Fields)
	if p.Functions[newStream] != nil {
		p.Plan.Missing = append(p.Plan.Missing, lacking...)
	}

	addresses := p.layout.typeAddresses()
	names := make([]string, 0, len(addresses))
	for name := range addresses {
		names = append(names, name)
	}
	known, err := p.File.TypeAddresses(names...)
	if err != nil {
		return err
	}
	for name, address := range addresses {
		*address = known[name]
	}
	return nil
}

func (p *planner) server() {
	if p.layout.StreamContext == instrument.Missing || p.layout.StreamMethod == instrument.Missing {
		p.Problem("%s: servers are not traced, because the layout of transport.Stream is not known", handleStream)
		return
	}
	starts := p.Entries(handleStream)
	var ends [len(writeStatus)][]gobinary.Site
	total := 0
	for variant, names := range writeStatus {
		for _, name := range names {
			ends[variant] = append(ends[variant], p.Entries(name)...)
		}
		total += len(ends[variant])
	}
	if len(starts) == 0 || total == 0 {
		p.Problem("%s: servers are not traced, because a call's start or end has no site", handleStream)
		return
	}
	p.layout.UnknownMethod = [2]codeRange{p.codeRange(handleStream), p.codeRange(malformedMethod)}
	p.layout.MessageFailure = [2]codeRange{p.codeRange(messageFailure[0]), p.codeRange(messageFailure[1])}
	p.Add(server, "grpc_server_start", 0, starts...)
	for variant, sites := range ends {
		p.Add(server, "grpc_server_end", variant, sites...)
	}
	p.Add(server, "grpc_server_exit", 0, p.Entries(goexit)...)
	if p.Functions[processUnary] != nil {
		p.Add(server, "grpc_server_unanswered", 0, p.Sites(processUnary, p.failedResponses)...)
	}
}

// failedResponses finds where processUnaryRPC, which is there up to 1.84, asks what kind
// of error its response failed with.
func (p *planner) failedResponses(code *gobinary.Code) ([]gobinary.Site, error) {
	var sites []gobinary.Site
	for _, call := range p.CallsIn(code, sendResponse) {
		branch, ok := code.BranchAfter(call, gobinary.Register0)
		if !ok {
			continue
		}
		for _, question := range p.CallsIn(code, statusFromError) {
			if code.Reaches(branch.NonZero, question) && !code.Reaches(branch.Zero, question) {
				sites = append(sites, question)
			}
		}
	}
	if len(sites) == 0 {
		return nil, fmt.Errorf("the end of calls whose connection breaks before their response is sent has no site")
	}
	return sites, nil
}

// The variants of the program grpc_client_failure, enum client_failure.
const (
	failureReturn      = 0
	failureInnerReturn = 1
	failureCall        = 2
)

func (p *planner) client() {
	if slices.Contains([]uint16{p.layout.ClientChannel, p.layout.ClientDescription, p.layout.ClientFinished}, instrument.Missing) {
		p.Problem("%s: clients are not traced, because the layout of clientStream is not known", newStream)
		return
	}
	starts, ends := p.Entries(newStream), p.Entries(finish)
	failures := p.Sites(newStream, p.failedStarts)
	detaches := p.Sites(newStreamWithParams, func(code *gobinary.Code) ([]gobinary.Site, error) {
		return p.CallsIn(code, newproc), nil
	})
	innerFailures := p.Sites(newStreamWithParams, p.failedStreams)
	if len(starts) == 0 || len(ends) == 0 || len(failures) == 0 || len(detaches) == 0 || len(innerFailures) == 0 {
		p.Problem("%s: clients are not traced, because a call's start or one of its ends has no site", newStream)
		return
	}
	p.Add(client, "grpc_client_start", 0, starts...)
	p.Add(client, "grpc_client_detach", 0, detaches...)
	p.Add(client, "grpc_client_end", 0, ends...)
	p.Add(client, "grpc_client_failure", failureReturn, failures...)
	p.Add(client, "grpc_client_failure", failureInnerReturn, innerFailures...)
	// What a resolver puts around the making of a stream, as xDS does, can fail by itself.
	for _, name := range closures() {
		p.Add(client, "grpc_client_failure", failureCall, p.Sites(name, func(code *gobinary.Code) ([]gobinary.Site, error) {
			return p.CallsIn(code, toRPCErr), nil
		})...)
	}
}

// failedStarts finds the returns of newClientStream that only errors lead to: those that
// it does not come to when the last thing that it does by itself has succeeded.
func (p *planner) failedStarts(code *gobinary.Code) ([]gobinary.Site, error) {
	for _, call := range p.CallsIn(code, selectConfig) {
		if branch, ok := code.BranchAfter(call, gobinary.Register1); ok {
			return returnsBeside(code, branch.Zero), nil
		}
	}
	return nil, fmt.Errorf("what follows the selection of a configuration is not understood")
}

// failedStreams finds the returns of newClientStreamWithParams that it does not come to
// once the stream is made.
func (p *planner) failedStreams(code *gobinary.Code) ([]gobinary.Site, error) {
	for _, call := range p.CallsIn(code, newproc) {
		return returnsBeside(code, call.Address), nil
	}
	return nil, fmt.Errorf("the goroutine that watches over a stream is not found")
}

// returnsBeside returns the returns of a function that cannot be reached from an address.
func returnsBeside(code *gobinary.Code, from uint64) []gobinary.Site {
	return slices.DeleteFunc(code.Returns(), func(ret gobinary.Site) bool { return code.Reaches(from, ret) })
}

// codeRange is where a function is, empty if the binary has not exactly one of the name.
func (p *planner) codeRange(name string) codeRange {
	if functions := p.Functions[name]; len(functions) == 1 {
		return codeRange{functions[0].Entry, functions[0].End}
	}
	return codeRange{}
}
