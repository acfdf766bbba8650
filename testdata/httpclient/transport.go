// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"net/http"
)

// transports are the transports of the commands so far, so that later commands find warm connections.
type transports map[transportKey]*http.Transport

type transportKey struct{ http2, insecure bool }

// get returns the transport for a command.
func (t transports) get(c command) *http.Transport {
	key := transportKey{http2: c.HTTP2, insecure: c.Insecure}
	if transport, known := t[key]; known {
		return transport
	}
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: c.Insecure},
		ForceAttemptHTTP2:   c.HTTP2,
		MaxIdleConnsPerHost: 100,
	}
	if !c.HTTP2 {
		// An empty map, and not nil, switches HTTP/2 off.
		transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	t[key] = transport
	return transport
}
