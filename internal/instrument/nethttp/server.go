// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// maxComponent bounds url.path and url.query, in bytes.
const maxComponent = 2048

// serverStart is struct server_start behind its start_event.
type serverStart struct {
	contentLength          int64 // -1: not known
	protoMajor, protoMinor uint8
	tls                    bool
	method, uri, host      string
	remoteAddr, userAgent  string
	tracestate             string
	forwarding             forwarding
}

func decodeServerStart(b events.Body) (serverStart, error) {
	s := serverStart{contentLength: b.Int64(), protoMajor: b.Uint8(), protoMinor: b.Uint8(), tls: b.Uint8() != 0}
	hasSpace := b.Uint8() != 0
	b.Strings(
		&s.method, &s.uri, &s.host, &s.remoteAddr, &s.userAgent, &s.tracestate,
		&s.forwarding.forwarded, &s.forwarding.xFor, &s.forwarding.xHost, &s.forwarding.xProto,
	)
	if hasSpace && s.method != "" {
		s.method = s.method[:len(s.method)-1]
	}
	return s, b.Err()
}

// serverEnd is struct server_end behind its end_event.
type serverEnd struct {
	written int64 // -1: not known
	status  uint16
	pattern []byte // points into the event
}

func decodeServerEnd(b events.Body) (serverEnd, error) {
	if b.Empty() {
		return serverEnd{written: -1}, nil // the handler did not finish
	}
	e := serverEnd{written: b.Int64(), status: b.Uint16()}
	length := b.Uint16()
	b.Bytes(4)
	e.pattern = b.Text(length)
	return e, b.Err()
}

// serverSpan follows the semantic conventions of HTTP server spans.
func (l library) serverSpan(r instrument.Record, span ptrace.Span) error {
	s, err := decodeServerStart(r.StartBody())
	if err != nil {
		return fmt.Errorf("start of a server span: %w", err)
	}
	e, err := decodeServerEnd(r.EndBody())
	if err != nil {
		return fmt.Errorf("end of a server span: %w", err)
	}
	attributes := span.Attributes()
	attributes.EnsureCapacity(serverAttributes(s, e))
	span.SetKind(ptrace.SpanKindServer)
	span.TraceState().FromRaw(instrument.Tracestate(s.tracestate))
	name, route := l.routes.of(putMethod(s.method, attributes), e.pattern)
	if route != "" {
		attributes.PutStr(string(semconv.HTTPRouteKey), route)
	}
	span.SetName(name)
	putServerURL(s, attributes)
	putServerPeers(s, attributes)
	if version := protocolVersion(s.protoMajor, s.protoMinor); version != "" {
		attributes.PutStr(string(semconv.NetworkProtocolVersionKey), version)
	}
	if s.userAgent != "" {
		attributes.PutStr(string(semconv.UserAgentOriginalKey), instrument.Text(s.userAgent))
	}
	if s.contentLength >= 0 {
		attributes.PutInt(string(semconv.HTTPRequestBodySizeKey), s.contentLength)
	}
	if e.status != 0 {
		attributes.PutInt(string(semconv.HTTPResponseStatusCodeKey), int64(e.status))
		// What a handler writes in answer to HEAD is counted but not sent.
		if e.written >= 0 && s.method != "HEAD" {
			attributes.PutInt(string(semconv.HTTPResponseBodySizeKey), e.written)
		}
	}
	putOutcome(r, e.status, 500, span)
	return nil
}

// serverAttributes is how many attributes a span has, as a rule: they take half of its memory,
// so that room for one too many costs more than to count them.
func serverAttributes(s serverStart, e serverEnd) int {
	return 3 + // method, path and scheme
		one(len(e.pattern) > 0) +
		one(strings.IndexByte(s.uri, '?') >= 0) +
		2*one(s.host != "") +
		3*one(s.remoteAddr != "") +
		one(s.protoMajor != 0) +
		one(s.userAgent != "") +
		one(s.contentLength >= 0) +
		one(e.status != 0) +
		one(e.status != 0 && e.written >= 0)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

func putServerURL(s serverStart, attributes pcommon.Map) {
	path, query := pathAndQuery(s.uri)
	attributes.PutStr(string(semconv.URLPathKey), instrument.Text(cut(path)))
	if query != "" {
		attributes.PutStr(string(semconv.URLQueryKey), instrument.Text(redactQuery(cut(query))))
	}
}

// pathAndQuery takes apart a request target (RFC 9112, section 3.2): "/path?query", "*",
// the absolute form that clients send to proxies, or the authority of CONNECT, which has
// neither. The target may have been cut anywhere.
func pathAndQuery(target string) (path, query string) {
	path, query, _ = strings.Cut(target, "?")
	if strings.HasPrefix(path, "/") || path == "*" {
		return path, query
	}
	_, rest, _ := strings.Cut(path, "://")
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		return rest[slash:], query
	}
	return "", query
}

func putServerPeers(s serverStart, attributes pcommon.Map) {
	original := s.forwarding.origin()
	scheme := "http"
	if s.tls {
		scheme = "https"
	}
	if original.scheme != "" {
		scheme = original.scheme
	}
	attributes.PutStr(string(semconv.URLSchemeKey), scheme)

	host, port := instrument.SplitHostPort(s.host)
	if original.host != "" {
		host, port = instrument.SplitHostPort(original.host)
	}
	if port == 0 {
		port = defaultPort(scheme)
	}
	instrument.PutAddress(attributes, string(semconv.ServerAddressKey), string(semconv.ServerPortKey), host, port)

	peer, peerPort := instrument.SplitHostPort(s.remoteAddr)
	if peer == "@" {
		peer = "" // a Unix domain socket without a name, as package net writes it
	}
	instrument.PutAddress(attributes, string(semconv.NetworkPeerAddressKey), string(semconv.NetworkPeerPortKey), peer, peerPort)
	client := peer
	if original.client != "" {
		client, _ = instrument.SplitHostPort(original.client)
	}
	if client != "" {
		attributes.PutStr(string(semconv.ClientAddressKey), instrument.Text(client))
	}
}

func cut(component string) string { return component[:min(len(component), maxComponent)] }
