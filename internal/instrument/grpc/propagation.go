// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"errors"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// onWire are the ways that need to know where in the stream of bytes a header block is, and
// the join, which needs to know on which connection.
const onWire = instrument.WaySocket | instrument.WayJoin

// originate is what writes the header block of a call: the second from 1.83 on.
var originate = [...]string{
	transport + ".(*loopyWriter).originateStream",
	transport + ".(*loopyWriter).clientHeaderHandler",
}

// propagation adds the sites where a call's header fields are on their way to its server.
func (p *planner) propagation() {
	headers := p.Sites(transportStream, func(code *gobinary.Code) ([]gobinary.Site, error) {
		// The slice of fields takes three registers, the error that is tested the fourth.
		return p.branchesBehind(code, createHeaderFields, gobinary.Register3)
	})
	var starts, ends []gobinary.Site
	for _, name := range originate {
		starts = append(starts, p.Calls(name, writeHeader)...)
		ends = append(ends, p.Sites(name, func(code *gobinary.Code) ([]gobinary.Site, error) {
			return p.branchesBehind(code, writeHeader, gobinary.Register0)
		})...)
	}
	if len(headers) == 0 || len(starts) == 0 || len(ends) == 0 {
		p.Problem("%s: calls are not given a traceparent, because where they are written is not found", transportStream)
		return
	}
	p.AddWay(client, instrument.AnyWay, "grpc_client_headers", 0, headers...)
	p.AddWay(client, onWire, "grpc_client_arm", 0, starts...)
	p.AddWay(client, instrument.WayWrite, "grpc_client_write_start", 0, starts...)
	p.AddWay(client, instrument.WayWrite, "grpc_client_write", 0, ends...)
}

// branchesBehind finds the tests of a result behind the calls of a function.
func (p *planner) branchesBehind(code *gobinary.Code, of string, register gobinary.Register) ([]gobinary.Site, error) {
	var sites []gobinary.Site
	for _, call := range p.CallsIn(code, of) {
		branch, ok := code.BranchAfter(call, register)
		if !ok {
			return nil, errors.New("what follows the call of " + of + " is not understood")
		}
		sites = append(sites, branch.Site)
	}
	return sites, nil
}
