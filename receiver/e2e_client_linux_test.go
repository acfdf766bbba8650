// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// clientCase is one way in which a round trip goes. It has a golden trace by its name.
type clientCase struct {
	name    string
	command targettest.Command
	status  int    // of the response; 0: there is none
	err     string // part of the error
	spans   int    // 1 if it is 0
}

// clientCases are the requests that every build of the client makes, to two servers that are not
// traced: over plain TCP and over TLS.
func clientCases(plain, secure, nowhere string) []clientCase {
	type command = targettest.Command
	return []clientCase{
		{name: "ok", command: command{URL: plain + "/items/1?a=b"}, status: 200},
		{name: "direct", command: command{URL: plain + "/ok", Direct: true}, status: 200},
		{name: "goroutine", command: command{URL: plain + "/ok", Goroutine: true}, status: 200},
		{name: "body", command: command{Method: "POST", URL: plain + "/echo", Body: "hello"}, status: 200},
		{name: "head", command: command{Method: "HEAD", URL: plain + "/ok"}, status: 200},
		{name: "unusual-method", command: command{Method: "BREW", URL: plain + "/ok"}, status: 200},
		{name: "stream", command: command{URL: plain + "/big?n=100000"}, status: 200},
		{name: "redacted", command: command{URL: "http://user:password@" + plain[len("http://"):] + "/ok?sig=secret&a=b#part"}, status: 200},
		{name: "status-404", command: command{URL: plain + "/status/404"}, status: 404},
		{name: "status-503", command: command{URL: plain + "/status/503"}, status: 503},
		{name: "redirect", command: command{URL: plain + "/redirect"}, status: 302},
		{name: "redirects", command: command{URL: plain + "/redirect?n=2", Follow: true}, status: 200, spans: 4},
		{name: "dial-error", command: command{URL: nowhere + "/ok"}, err: "connection refused"},
		{name: "no-response", command: command{URL: plain + "/panic"}, err: "EOF"},
		{name: "timeout", command: command{URL: plain + "/wait?d=1m", Timeout: shortly}, err: "Client.Timeout exceeded"},
		{name: "cancelled", command: command{URL: plain + "/wait?d=1m", CancelAfter: shortly}, err: "context canceled"},
		{name: "unknown-scheme", command: command{URL: "gopher://shop.example/ok"}, err: "unsupported protocol scheme"},
		{name: "tls", command: command{URL: secure + "/ok", Insecure: true}, status: 200},
		{name: "tls-error", command: command{URL: secure + "/ok"}, err: "certificate"},
		{name: "http2", command: command{URL: secure + "/ok", Insecure: true, HTTP2: true}, status: 200},
		{name: "http2-body", command: command{Method: "POST", URL: secure + "/echo", Body: "hello", Insecure: true, HTTP2: true}, status: 200},
		{name: "http2-direct", command: command{URL: secure + "/ok", Insecure: true, HTTP2: true, Direct: true}, status: 200},
		{name: "http2-status-503", command: command{URL: secure + "/status/503", Insecure: true, HTTP2: true}, status: 503},
		{name: "http2-redirects", command: command{URL: secure + "/redirect", Insecure: true, HTTP2: true, Follow: true}, status: 200, spans: 2},
		{name: "http2-no-response", command: command{URL: secure + "/panic", Insecure: true, HTTP2: true}, err: "stream error"},
		{name: "http2-timeout", command: command{URL: secure + "/wait?d=1m", Timeout: shortly, Insecure: true, HTTP2: true}, err: "Client.Timeout exceeded"},
		{name: "http2-cancelled", command: command{URL: secure + "/wait?d=1m", CancelAfter: shortly, Insecure: true, HTTP2: true}, err: "context canceled"},
	}
}

func TestClient(t *testing.T) {
	servers := startServers(t)
	for _, build := range everyBuild("httpclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			checkClient(startCollector(t), build, servers)
		})
	}
}

// servers are what clients call, and an address where there is none. None of them is traced.
type servers struct {
	plain, secure *targettest.Target
	nowhere       string
}

func startServers(t *testing.T) servers {
	binary := targettest.Binary(t, targettest.Build{Program: "httpserver"})
	return servers{targettest.Start(t, binary), targettest.Start(t, binary, targettest.TLS()), unusedAddress(t)}
}

// checkClient holds what comes of each round trip to its golden trace.
func checkClient(c *collector, build targettest.Build, s servers) {
	t := c.t.(*testing.T)
	x := c.start(build)
	e := expectation{
		golden: isGolden(build), errors: olderErrors(minor(t, build)),
		addresses: map[string]string{s.plain.Address(): "plain", s.secure.Address(): "secure", s.nowhere: "nowhere"},
	}
	cases := clientCases(s.plain.URL(), s.secure.URL(), "http://"+s.nowhere)
	n := 0
	for _, test := range cases {
		results := x.Do(test.command)
		require.Len(t, results, 1)
		assert.Equal(t, test.status, results[0].Status, test.name)
		assert.Contains(t, results[0].Error, test.err, test.name)
		n += max(1, test.spans)
	}
	spans := c.next(x, n)
	require.Len(t, spans, n)
	// One began after the other had ended.
	for _, test := range cases {
		n := max(1, test.spans)
		compareGolden(t, "client-"+test.name, spans[:n], e)
		spans = spans[n:]
	}
	c.nothingElse(x, func() { x.Do(targettest.Command{URL: s.plain.URL() + lastPath}) })
}

// olderErrors are the types of net/http's errors in a minor version of Go, by those that golden traces have.
func olderErrors(minor int) map[string]string {
	errors := map[string]string{}
	if minor < 27 {
		errors["http2.StreamError"] = "http.http2StreamError"
	}
	if minor < 20 {
		errors["*tls.CertificateVerificationError"] = "x509.UnknownAuthorityError"
	}
	return errors
}

// unusedAddress is one that nothing listens on.
func unusedAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
