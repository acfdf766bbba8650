// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"encoding/binary"
	"net/url"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

func (s serverStart) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(s.contentLength))
	body = append(body, s.protoMajor, s.protoMinor, instrumenttest.Flag(s.tls), 0)
	f := s.forwarding
	return instrumenttest.AppendStrings(body, s.method, s.uri, s.host, s.remoteAddr, s.userAgent, s.tracestate, f.forwarded, f.xFor, f.xHost, f.xProto)
}

func (e serverEnd) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(e.written))
	body = binary.LittleEndian.AppendUint16(body, e.status)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(e.pattern)))
	return append(append(body, 0, 0, 0, 0), e.pattern...)
}

// requested is a clientStart of a URL as net/url has it.
type requested struct {
	contentLength int64
	method        string
	url           url.URL
}

func (c requested) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(c.contentLength))
	body = append(body, instrumenttest.Flag(c.url.User != nil), 0, 0, 0, 0, 0, 0, 0)
	u := c.url
	return instrumenttest.AppendStrings(body, c.method, u.Scheme, u.Opaque, u.Host, u.Path, u.RawPath, u.RawQuery, u.Fragment)
}

func (e clientEnd) body() []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(e.contentLength))
	body = binary.LittleEndian.AppendUint16(body, e.status)
	return append(body, e.protoMajor, e.protoMinor, 0, 0, 0, 0)
}

// with returns a copy of attributes with others added or in their place, and without some.
func with(attributes, others map[string]any, without ...string) map[string]any {
	merged := map[string]any{}
	for _, m := range []map[string]any{attributes, others} {
		for key, value := range m {
			merged[key] = value
		}
	}
	for _, key := range without {
		delete(merged, key)
	}
	return merged
}
