// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"slices"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// codeRange is struct code_range, bpf/grpc.bpf.c.
type codeRange struct {
	Start, End uint64
}

// layout is struct grpc_layout.
type layout struct {
	TypeValueContext, TypeIncomingKey    uint64
	TypeOutgoingKey                      uint64
	TypeHTTP2Server, TypeHandlerServer   uint64
	TypeHTTP2Client                      uint64
	TypeTCPAddress, TypeUnixAddress      uint64
	TypeStatusError, TypeWrappedError    uint64
	TypeErrorString                      uint64
	UnknownMethod, MessageFailure        [2]codeRange
	ValueContextKey, ValueContextValue   uint16
	ServerStreamEmbedded                 uint16
	StreamContext, StreamMethod          uint16
	StreamState                          uint16
	HTTP2ServerRemote                    uint16
	HandlerRequest, HandlerClosed        uint16
	ChannelClosed                        uint16
	RequestRemote                        uint16
	HTTP2ClientRemote                    uint16
	TCPIP, TCPPort, UnixName             uint16
	StatusProto, ProtoCode, ProtoMessage uint16
	ErrorStatus, WrappedError            uint16
	ChannelTarget                        uint16
	ClientChannel, ClientDescription     uint16
	ClientFinished, ClientAttempt        uint16
	AttemptTransport                     uint16
	ServerWorkers                        uint16
	RawMetadata                          uint16
	FieldName, FieldSize                 uint16
	LoopyFramer, FramerWriter            uint16
	WriterBytes, WriterHandle            uint16
	WriterOffset, WriterBatch            uint16
	WriterError, WriterConn              uint16
	StreamID, HTTP2ServerConnection      uint16
	StreamSize, TCPSize, ProtoSize       uint16
	ClientSize                           uint16
}

// The packages of the structs that are read.
const (
	root      = "google.golang.org/grpc"
	transport = root + "/internal/transport"
	status    = root + "/internal/status"
	hpack     = "golang.org/x/net/http2/hpack"
)

// typeAddresses lists the types that values are held to, and where their addresses go.
func (l *layout) typeAddresses() map[string]*uint64 {
	return map[string]*uint64{
		"*context.valueCtx":                         &l.TypeValueContext,
		root + "/metadata.mdIncomingKey":            &l.TypeIncomingKey,
		root + "/metadata.mdOutgoingKey":            &l.TypeOutgoingKey,
		"*" + transport + ".http2Server":            &l.TypeHTTP2Server,
		"*" + transport + ".serverHandlerTransport": &l.TypeHandlerServer,
		"*" + transport + ".http2Client":            &l.TypeHTTP2Client,
		"*net.TCPAddr":                              &l.TypeTCPAddress,
		"*net.UnixAddr":                             &l.TypeUnixAddress,
		"*" + status + ".Error":                     &l.TypeStatusError,
		"*fmt.wrapError":                            &l.TypeWrappedError,
		"*errors.errorString":                       &l.TypeErrorString,
	}
}

func field(pkg, structName, name string) gobinary.Field {
	return gobinary.Field{Package: pkg, Struct: structName, Field: name}
}

func at(offset *uint16, pkg, structName, name string) instrument.Want {
	return instrument.At(offset, pkg, structName, name)
}

// sharedWants lists what both sides read.
func (l *layout) sharedWants() []instrument.Want {
	const proto = "google.golang.org/genproto/googleapis/rpc/status"
	return []instrument.Want{
		at(&l.ValueContextKey, "context", "valueCtx", "key"),
		at(&l.ValueContextValue, "context", "valueCtx", "val"),
		at(&l.TCPIP, "net", "TCPAddr", "IP"),
		at(&l.TCPPort, "net", "TCPAddr", "Port"),
		at(&l.UnixName, "net", "UnixAddr", "Name"),
		at(&l.StatusProto, status, "Status", "s"),
		at(&l.ProtoCode, proto, "Status", "Code"),
		at(&l.ProtoMessage, proto, "Status", "Message"),
	}
}

// serverWants lists what is read of a call on the server's side.
func (l *layout) serverWants() []instrument.Want {
	return []instrument.Want{
		at(&l.StreamContext, transport, "Stream", "ctx"),
		at(&l.StreamMethod, transport, "Stream", "method"),
		at(&l.StreamState, transport, "Stream", "state"),
		// net.Addr, in the transport itself up to 1.56.
		at(&l.HTTP2ServerRemote, transport, "http2Server", "remoteAddr").
			Or(field(transport, "http2Server", "peer"), field(root+"/peer", "Peer", "Addr")),
		at(&l.HandlerRequest, transport, "serverHandlerTransport", "req"),
		at(&l.HandlerClosed, transport, "serverHandlerTransport", "closedCh"),
		at(&l.ChannelClosed, "runtime", "hchan", "closed"),
		at(&l.RequestRemote, "net/http", "Request", "RemoteAddr"),
		at(&l.StreamID, transport, "Stream", "id"),
		at(&l.HTTP2ServerConnection, transport, "http2Server", "conn"),
		instrument.Want{Offset: &l.ServerWorkers}.Or(field(root, "Server", "opts"), field(root, "serverOptions", "numServerWorkers")),
	}
}

// clientWants lists what is read of a call on the client's side.
func (l *layout) clientWants() []instrument.Want {
	return []instrument.Want{
		at(&l.ErrorStatus, status, "Error", "s"),
		at(&l.WrappedError, "fmt", "wrapError", "err"),
		at(&l.HTTP2ClientRemote, transport, "http2Client", "remoteAddr"),
		at(&l.ChannelTarget, root, "ClientConn", "target"),
		at(&l.ClientChannel, root, "clientStream", "cc"),
		at(&l.ClientDescription, root, "clientStream", "desc"),
		at(&l.ClientFinished, root, "clientStream", "finished"),
		at(&l.ClientAttempt, root, "clientStream", "attempt"),
		at(&l.AttemptTransport, root, "csAttempt", "t").Or(field(root, "csAttempt", "transport")),
	}
}

// setSizes computes how much of each struct that is read at once has all wanted fields.
func (l *layout) setSizes() {
	l.StreamSize = instrument.Reach(l.StreamContext, l.StreamMethod, l.StreamID)
	l.TCPSize = instrument.Reach(l.TCPIP, l.TCPPort)
	l.ProtoSize = instrument.Reach(l.ProtoCode, l.ProtoMessage)
	l.ClientSize = instrument.Reach(l.ClientChannel, l.ClientDescription, l.ClientFinished, l.ClientAttempt)
}

// propagationWants lists what a client needs to give its calls a traceparent.
func (l *layout) propagationWants() []instrument.Want {
	return []instrument.Want{
		at(&l.RawMetadata, root+"/metadata", "rawMD", "md"),
		at(&l.FieldName, hpack, "HeaderField", "Name"),
		at(&l.LoopyFramer, transport, "loopyWriter", "framer"),
		at(&l.FramerWriter, transport, "framer", "writer"),
		at(&l.WriterOffset, transport, "bufWriter", "offset"),
		at(&l.WriterBatch, transport, "bufWriter", "batchSize"),
		at(&l.WriterError, transport, "bufWriter", "err"),
		at(&l.WriterConn, transport, "bufWriter", "conn"),
	}
}

// The fields that say how large a header field is, and how a bufWriter has its buffer:
// itself, or, from 1.84 on, by a pointer to it.
var (
	fieldLast    = field(hpack, "HeaderField", "Sensitive")
	writerBytes  = field(transport, "bufWriter", "buf")
	writerHandle = field(transport, "bufWriter", "bufHandle")
)

// resolvePropagation sets what propagationWants leaves open. It returns the fields that are
// missing.
func (l *layout) resolvePropagation(found gobinary.Layout) (missing []gobinary.Field) {
	offset := func(f gobinary.Field) uint16 {
		if at, ok := found[f]; ok && at.Value < instrument.Missing {
			return uint16(at.Value)
		}
		return instrument.Missing
	}
	l.FieldSize = offset(fieldLast)
	if l.FieldSize == instrument.Missing {
		missing = append(missing, fieldLast)
	} else {
		l.FieldSize += 8 // a bool, behind which the next field is aligned
	}
	l.WriterBytes, l.WriterHandle = offset(writerBytes), offset(writerHandle)
	if l.WriterBytes == instrument.Missing && l.WriterHandle == instrument.Missing {
		missing = append(missing, writerBytes, writerHandle)
	}
	return missing
}

// allWants lists what is read in one binary or another.
func (l *layout) allWants() []instrument.Want {
	return slices.Concat(l.sharedWants(), l.serverWants(), l.clientWants(), l.propagationWants())
}

func (library) Fields() []gobinary.Field { return fields(new(layout).allWants()) }

// The fields that say how a ServerStream, from 1.69 on, contains its Stream.
var (
	serverStreamEmbedded = field(transport, "ServerStream", "Stream")
	serverStreamNext     = field(transport, "ServerStream", "st")
)

// fields lists all that wants may be resolved from.
func fields(wants []instrument.Want) []gobinary.Field {
	return append(instrument.Fields(wants), serverStreamEmbedded, serverStreamNext, fieldLast, writerBytes, writerHandle)
}

// resolveServerStream tells whether what stands for a call points to its Stream. That is
// so where the field behind it follows after a pointer's size. Else the Stream is its
// beginning, or, before 1.69, itself.
func (l *layout) resolveServerStream(found gobinary.Layout) {
	l.ServerStreamEmbedded = instrument.Missing
	embedded, ok := found[serverStreamEmbedded]
	next, hasNext := found[serverStreamNext]
	if ok && hasNext && embedded.Value < instrument.Missing && next.Value == embedded.Value+8 {
		l.ServerStreamEmbedded = uint16(embedded.Value)
	}
}
