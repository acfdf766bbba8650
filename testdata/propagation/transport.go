// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// httpProtocols are those of HTTP that this version of Go has, by name: what each needs of a transport.
var httpProtocols = map[string]func(*http.Transport){
	"http1":  onlyHTTP1,
	"https1": onlyHTTP1,
	"h2":     func(t *http.Transport) { t.ForceAttemptHTTP2 = true },
}

// onlyHTTP1 switches HTTP/2 off, which takes an empty map and not nil.
func onlyHTTP1(t *http.Transport) {
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
}

func newTransport(c command) (*http.Transport, error) {
	prepare, known := httpProtocols[c.Protocol]
	if !known {
		return nil, fmt.Errorf("no protocol %q in this version of Go", c.Protocol)
	}
	t := &http.Transport{
		TLSClientConfig:       &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost:   4096,
		ExpectContinueTimeout: time.Minute, // the peer always answers
	}
	if c.Proxy != "" {
		t.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: c.Proxy})
	}
	prepare(t)
	return t, nil
}

// baseURL is that of a server by a protocol.
func baseURL(protocol, address string) string {
	if protocol == "https1" || protocol == "h2" {
		return "https://" + address
	}
	return "http://" + address
}
