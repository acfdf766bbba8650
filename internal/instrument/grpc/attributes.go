// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// otherMethod is rpc.method of a method that a server does not have.
const otherMethod = "_OTHER"

// putMethod names a span by the path of its method, "/package.Service/Method". The name of
// one that is not registered is anything that a client makes up: it is not in the name of
// the span.
func putMethod(path string, registered bool, span ptrace.Span) {
	attributes := span.Attributes()
	system := semconv.RPCSystemNameGRPC
	attributes.PutStr(string(system.Key), system.Value.AsString())
	method := instrument.Text(strings.TrimPrefix(path, "/"))
	if registered && method != "" {
		attributes.PutStr(string(semconv.RPCMethodKey), method)
		span.SetName(method)
		return
	}
	attributes.PutStr(string(semconv.RPCMethodKey), otherMethod)
	if method != "" {
		attributes.PutStr(string(semconv.RPCMethodOriginalKey), method)
	}
	span.SetName(system.Value.AsString())
}

func putPeer(p peer, attributes pcommon.Map) {
	instrument.PutAddress(attributes, string(semconv.NetworkPeerAddressKey), string(semconv.NetworkPeerPortKey), p.address, p.port)
}

// putStatus sets the attributes and the status of a span by how its call ended.
func putStatus(r instrument.Record, o outcome, isError func(code uint32) bool, span ptrace.Span) {
	if o.known {
		span.Attributes().PutStr(string(semconv.RPCResponseStatusCodeKey), codeName(o.code))
	}
	if !instrument.PutOutcome(r, span) && o.known && isError(o.code) {
		instrument.PutFailure(span, codeName(o.code), o.message)
	}
}
