// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestForwarding(t *testing.T) {
	for name, test := range map[string]struct {
		headers forwarding
		want    origin
	}{
		"none": {},
		"one proxy": {
			forwarding{forwarded: "for=192.0.2.43;proto=http;host=a.example"},
			origin{client: "192.0.2.43", host: "a.example", scheme: "http"},
		},
		"the proxy next to the client": {
			forwarding{forwarded: "for=192.0.2.43, for=198.51.100.17;proto=https"}, origin{client: "192.0.2.43"},
		},
		"any case and space": {
			forwarding{forwarded: ` For="192.0.2.43" ; PROTO=HTTPS ;Host=a.example`},
			origin{client: "192.0.2.43", host: "a.example", scheme: "https"},
		},
		"IPv6 with port":     {forwarding{forwarded: `for="[2001:db8::17]:4711"`}, origin{client: "[2001:db8::17]:4711"}},
		"unknown parameters": {forwarding{forwarded: "by=203.0.113.43;secret=1;for=_hidden"}, origin{client: "_hidden"}},
		"unknown scheme":     {forwarding{forwarded: "proto=ftp", xProto: "wss"}, origin{}},
		"nothing in it":      {forwarding{forwarded: `;;=;for=;host="";x`}, origin{}},
		"X headers": {
			forwarding{xFor: "192.0.2.43, 10.0.0.1", xHost: "a.example:8443 , b", xProto: "HTTPS,http"},
			origin{client: "192.0.2.43", host: "a.example:8443", scheme: "https"},
		},
		"Forwarded before X headers": {
			forwarding{forwarded: "for=192.0.2.1;host=a;proto=https", xFor: "192.0.2.2", xHost: "b", xProto: "http"},
			origin{client: "192.0.2.1", host: "a", scheme: "https"},
		},
		"each for what the other lacks": {
			forwarding{forwarded: "for=192.0.2.1", xFor: "192.0.2.2", xHost: "b", xProto: "http"},
			origin{client: "192.0.2.1", host: "b", scheme: "http"},
		},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, test.headers.origin()) })
	}
}
