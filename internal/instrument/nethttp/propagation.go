// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"errors"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// onWire are the ways that need to know where in the stream of bytes a header block is, and
// the join, which needs to know on which connection.
const onWire = instrument.WaySocket | instrument.WayJoin

// propagation adds the sites where a request's headers are on their way to its server.
func (p *planner) propagation() {
	if p.Functions[roundTrip] == nil {
		return
	}
	p.http1Propagation()
	for variant := range http2Kinds {
		if p.Functions[encodeHeaders[variant]] != nil {
			p.http2Propagation(variant)
		}
	}
}

// http1Propagation is where the line of the request is written and the end of its headers
// is not.
func (p *planner) http1Propagation() {
	if p.Functions[requestWrite] == nil {
		return
	}
	writes := p.Sites(requestWrite, func(code *gobinary.Code) ([]gobinary.Site, error) {
		calls := p.CallsIn(code, writeSubset)
		if len(calls) == 0 {
			return nil, errors.New("requests of HTTP/1 are not given a traceparent: the call that writes their headers is not found")
		}
		return calls[:1], nil
	})
	p.AddWay(client, instrument.WayWrite, "net_http_client_write", 0, writes...)
	p.AddWay(client, onWire, "net_http_client_arm", 0, writes...)
}

func (p *planner) http2Propagation(variant int) {
	headers := p.Entries(encodeHeaders[variant])
	arms := p.Calls(encodeHeaders[variant], writeHeaders[variant])
	writes := p.Calls(writeHeaders[variant], bufferFlush)
	if len(headers) == 0 || len(arms) == 0 || len(writes) == 0 {
		p.Problem("%s: requests of HTTP/2 are not given a traceparent, because where they are written is not found", encodeHeaders[variant])
		return
	}
	p.AddWay(client, instrument.AnyWay, "net_http2_client_headers", variant, headers...)
	p.AddWay(client, onWire, "net_http2_client_arm", variant, arms...)
	p.AddWay(client, instrument.WayWrite, "net_http2_client_write", variant, writes...)
}
