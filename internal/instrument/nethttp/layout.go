// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"slices"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// requestLayout is struct request_layout, bpf/nethttp.bpf.c.
type requestLayout struct {
	Size                           uint16
	Method, URL                    uint16
	ProtoMajor, ProtoMinor         uint16
	Header, ContentLength, Host    uint16
	RemoteAddr, RequestURI         uint16
	TLS, Context, Pattern, Padding uint16
}

// writerLayout is struct writer_layout.
type writerLayout struct {
	State, Status, Written      uint16
	Stream, StreamID            uint16
	Server, Connection, Padding uint16
}

// layout is struct net_http_layout.
type layout struct {
	TypeBuffer, TypeConnWriter                uint64
	Request, HTTP2Request                     requestLayout
	Writers                                   [http2Kinds]writerLayout
	ResponseStatus, ResponseWroteHeader       uint16
	ResponseWritten                           uint16
	PatternStr                                uint16
	URLSize, URLScheme, URLOpaque, URLUser    uint16
	URLHost, URLPath, URLRawPath, URLRawQuery uint16
	URLFragment                               uint16
	AnswerSize, AnswerStatus                  uint16
	AnswerProtoMajor, AnswerProtoMinor        uint16
	AnswerContentLength                       uint16
	BufferError, BufferBytes, BufferCount     uint16
	ClientRequestHeader                       uint16
	StreamIDs                                 [http2Kinds]uint16
	BufferWriter, ConnConn                    uint16
	ClientConns, ClientBuffers                [http2Kinds]uint16
	ResponseConnection, Connection            uint16
	ResponseSize                              uint16
}

// The implementations of HTTP/2, enum http2. A probe's variant says which one it is for.
const (
	http2Bundled  = iota // net/http.http2…, up to Go 1.26
	http2Internal        // net/http/internal/http2, from Go 1.27
	http2Module          // golang.org/x/net/http2
	http2Kinds
)

func want(pkg, structName, field string, offset *uint16) instrument.Want {
	return instrument.At(offset, pkg, structName, field)
}

// requestWants lists the fields that are read in every binary with net/http.
func (l *layout) requestWants() []instrument.Want {
	const http = "net/http"
	return []instrument.Want{
		want(http, "Request", "Method", &l.Request.Method),
		want(http, "Request", "URL", &l.Request.URL),
		want(http, "Request", "ProtoMajor", &l.Request.ProtoMajor),
		want(http, "Request", "ProtoMinor", &l.Request.ProtoMinor),
		want(http, "Request", "Header", &l.Request.Header),
		want(http, "Request", "ContentLength", &l.Request.ContentLength),
		want(http, "Request", "Host", &l.Request.Host),
		want(http, "Request", "RemoteAddr", &l.Request.RemoteAddr),
		want(http, "Request", "RequestURI", &l.Request.RequestURI),
		want(http, "Request", "TLS", &l.Request.TLS),
		want(http, "Request", "ctx", &l.Request.Context),
	}
}

// responseWants lists what an HTTP/1 server keeps of its response.
func (l *layout) responseWants() []instrument.Want {
	const http = "net/http"
	return []instrument.Want{
		want(http, "response", "status", &l.ResponseStatus),
		want(http, "response", "wroteHeader", &l.ResponseWroteHeader),
		want(http, "response", "written", &l.ResponseWritten),
		want(http, "response", "conn", &l.ResponseConnection),
		want(http, "conn", "rwc", &l.Connection),
	}
}

// clientWants lists what a client is told to ask for, and the answer.
func (l *layout) clientWants() []instrument.Want {
	const http, url = "net/http", "net/url"
	return []instrument.Want{
		want(url, "URL", "Scheme", &l.URLScheme),
		want(url, "URL", "Opaque", &l.URLOpaque),
		want(url, "URL", "User", &l.URLUser),
		want(url, "URL", "Host", &l.URLHost),
		want(url, "URL", "Path", &l.URLPath),
		want(url, "URL", "RawPath", &l.URLRawPath),
		want(url, "URL", "RawQuery", &l.URLRawQuery),
		want(url, "URL", "Fragment", &l.URLFragment),
		want(http, "Response", "StatusCode", &l.AnswerStatus),
		want(http, "Response", "ProtoMajor", &l.AnswerProtoMajor),
		want(http, "Response", "ProtoMinor", &l.AnswerProtoMinor),
		want(http, "Response", "ContentLength", &l.AnswerContentLength),
	}
}

// patternWants lists what http.ServeMux notes of the route, from Go 1.22 on.
func (l *layout) patternWants() []instrument.Want {
	return []instrument.Want{
		want("net/http", "Request", "pat", &l.Request.Pattern),
		want("net/http", "pattern", "str", &l.PatternStr),
	}
}

// http2RequestWants lists the fields of the request that HTTP/2 servers have from Go 1.27 on.
func (l *layout) http2RequestWants() []instrument.Want {
	const pkg, name = "net/http/internal/http2", "ServerRequest"
	r := &l.HTTP2Request
	return []instrument.Want{
		want(pkg, name, "Method", &r.Method),
		want(pkg, name, "URL", &r.URL),
		want(pkg, name, "ProtoMajor", &r.ProtoMajor),
		want(pkg, name, "ProtoMinor", &r.ProtoMinor),
		want(pkg, name, "Header", &r.Header),
		want(pkg, name, "ContentLength", &r.ContentLength),
		want(pkg, name, "Host", &r.Host),
		want(pkg, name, "RemoteAddr", &r.RemoteAddr),
		want(pkg, name, "RequestURI", &r.RequestURI),
		want(pkg, name, "TLS", &r.TLS),
		want(pkg, name, "Context", &r.Context),
	}
}

// http2Package returns the package of an implementation of HTTP/2, and what the names of its
// types begin with.
func http2Package(variant int) (pkg, prefix string) {
	switch variant {
	case http2Internal:
		return "net/http/internal/http2", ""
	case http2Module:
		return "golang.org/x/net/http2", ""
	}
	return "net/http", "http2"
}

// What requests are written to, and what that writes to.
const (
	bufferType     = "*bufio.Writer"
	connWriterType = "net/http.persistConnWriter"
)

// bufferWants lists the fields of what requests are written to.
func (l *layout) bufferWants() []instrument.Want {
	return []instrument.Want{
		want("bufio", "Writer", "err", &l.BufferError),
		want("bufio", "Writer", "buf", &l.BufferBytes),
		want("bufio", "Writer", "n", &l.BufferCount),
		want("bufio", "Writer", "wr", &l.BufferWriter),
		want("net/http", "persistConn", "conn", &l.ConnConn),
	}
}

// streamWants lists the fields of a request on its way through one HTTP/2 client.
func (l *layout) streamWants(variant int) []instrument.Want {
	pkg, prefix := http2Package(variant)
	conn := prefix + "ClientConn"
	wants := []instrument.Want{
		want(pkg, prefix+"clientStream", "ID", &l.StreamIDs[variant]),
		want(pkg, conn, "tconn", &l.ClientConns[variant]),
		want(pkg, conn, "bw", &l.ClientBuffers[variant]),
	}
	if variant == http2Internal {
		wants = append(wants, want(pkg, "ClientRequest", "Header", &l.ClientRequestHeader))
	}
	return wants
}

// writerWants lists the fields of the response writer of one HTTP/2 server.
func (l *layout) writerWants(server int) []instrument.Want {
	pkg, prefix := http2Package(server)
	writer, state := prefix+"responseWriter", prefix+"responseWriterState"
	w := &l.Writers[server]
	return []instrument.Want{
		want(pkg, writer, "rws", &w.State),
		want(pkg, state, "status", &w.Status),
		want(pkg, state, "wroteBytes", &w.Written),
		want(pkg, state, "stream", &w.Stream),
		want(pkg, prefix+"stream", "id", &w.StreamID),
		want(pkg, state, "conn", &w.Server),
		want(pkg, prefix+"serverConn", "conn", &w.Connection),
	}
}

// setSizes computes how much of each struct must be read to have all wanted fields, of
// which the largest, strings and interface values, take 16 bytes.
func (l *layout) setSizes() {
	l.Request.Size = instrument.Reach(l.Request.Method, l.Request.URL, l.Request.ProtoMajor, l.Request.ProtoMinor, l.Request.Header,
		l.Request.ContentLength, l.Request.Host, l.Request.RemoteAddr, l.Request.RequestURI, l.Request.TLS, l.Request.Context,
		l.Request.Pattern)
	r := &l.HTTP2Request
	r.Size = instrument.Reach(r.Method, r.URL, r.ProtoMajor, r.ProtoMinor, r.Header, r.ContentLength, r.Host, r.RemoteAddr, r.RequestURI, r.TLS, r.Context)
	l.URLSize = instrument.Reach(l.URLScheme, l.URLOpaque, l.URLUser, l.URLHost, l.URLPath, l.URLRawPath, l.URLRawQuery, l.URLFragment)
	l.ResponseSize = instrument.Reach(l.ResponseStatus, l.ResponseWroteHeader, l.ResponseWritten)
	l.AnswerSize = instrument.Reach(l.AnswerStatus, l.AnswerProtoMajor, l.AnswerProtoMinor, l.AnswerContentLength)
}

// allWants lists what is read in one binary or another.
func (l *layout) allWants() []instrument.Want {
	all := slices.Concat(l.requestWants(), l.responseWants(), l.clientWants(), l.patternWants(), l.http2RequestWants(), l.bufferWants())
	for variant := range http2Kinds {
		all = slices.Concat(all, l.writerWants(variant), l.streamWants(variant))
	}
	return all
}

func (library) Fields() []gobinary.Field { return instrument.Fields(new(layout).allWants()) }

// forget makes every offset unknown.
func (l *layout) forget() {
	instrument.Resolve(l.allWants(), nil)
	l.HTTP2Request.Pattern = instrument.Missing
}
