// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// serverCase is one way in which a request comes in, is handled or ends. It has a golden trace by
// its name, one for each protocol. Its name is also the User-Agent of its request.
type serverCase struct {
	name         string
	method, path string
	header       http.Header
	body         string
	status       int // of the response; 0: there is none
	spans        int // that the server makes of it; 1 if it is 0
	// send makes the request, for what run cannot. Without HTTP/2 it may write HTTP/1 by itself.
	send func(t *testing.T, x *targettest.Target, agent string)
}

const (
	remoteTrace  = "0123456789abcdef0123456789abcdef"
	remoteParent = "00-" + remoteTrace + "-fedcba9876543210-01"
)

// serverCases are the requests that every build of the server gets. peer is a server that is not traced.
func serverCases(peer *targettest.Target) []serverCase {
	callPeer := url.QueryEscape(peer.URL() + "/status/204")
	return []serverCase{
		{name: "ok", path: "/ok", status: 200},
		{name: "route", path: "/items/17?color=red", status: 200},
		{name: "route-rest", path: "/items/17/parts/a/b", status: 200},
		{name: "not-found", path: "/nowhere", status: 404},
		{name: "status-404", path: "/status/404", status: 404},
		{name: "status-503", path: "/status/503", status: 503},
		{name: "implicit", path: "/implicit", status: 200},
		{name: "echo", method: "POST", path: "/echo", body: strings.Repeat("echo ", 100), status: 200},
		{name: "head", method: "HEAD", path: "/ok", status: 200},
		{name: "unusual-method", method: "BREW", path: "/ok", status: 200},
		{name: "stream", path: "/big?n=100000", status: 200},
		{name: "timeout", path: "/timeout?d=1m", status: 503},
		{name: "panic", path: "/panic"},
		{name: "panic-custom", path: "/panic-custom"},
		{name: "abort", path: "/abort"},
		{name: "recovered", path: "/recovered", status: 500},
		{name: "goexit", path: "/goexit"},
		{name: "cancel", path: "/wait?d=1m", send: cancelled},
		{name: "mutate", path: "/mutate", status: 200},
		{name: "with-context", path: "/withcontext/ok", status: 200},
		{name: "traceparent", path: "/ok", status: 200, header: http.Header{
			"Traceparent": {remoteParent}, "Tracestate": {"vendor=value,other=1"}}},
		{name: "redacted", path: "/ok?a=1&sig=secret&X-Amz-Signature=secret&b=2", status: 200},
		{name: "long", path: "/ok/" + strings.Repeat("p", 2044) + "?" + strings.Repeat("q", 2048), status: 200},
		{name: "longer", path: "/ok/" + strings.Repeat("p", 3000) + "?" + strings.Repeat("q", 3000), status: 200},
		{name: "forwarded", path: "/ok", status: 200, header: http.Header{
			"Forwarded":         {`for="[2001:db8::1]:4711";proto=https;host="shop.example:8443", for=192.0.2.1`},
			"X-Forwarded-For":   {"192.0.2.2"},
			"X-Forwarded-Proto": {"http"}}},
		{name: "x-forwarded", path: "/ok", status: 200, header: http.Header{
			"X-Forwarded-For":   {"192.0.2.2, 192.0.2.3"},
			"X-Forwarded-Proto": {"https"},
			"X-Forwarded-Host":  {"shop.example"}}},
		{name: "call", path: "/call?url=" + callPeer, status: 200, spans: 2},
		{name: "proxy", path: "/proxy/status/418?a=b", status: 418, spans: 2},
	}
}

// http1Cases are those that only HTTP/1 has.
func http1Cases() []serverCase {
	return []serverCase{
		{name: "hijack", send: hijack},
		{name: "http-1.0", send: func(t *testing.T, x *targettest.Target, agent string) {
			assert.Contains(t, raw(t, x, "GET /ok HTTP/1.0\nUser-Agent: "+agent+"\n\n"), "200 OK")
		}},
		{name: "options-star", send: func(t *testing.T, x *targettest.Target, agent string) {
			assert.Contains(t, raw(t, x, "OPTIONS * HTTP/1.1\nHost: shop.example\nConnection: close\nUser-Agent: "+agent+"\n\n"), "200 OK")
		}},
		{name: "absolute-form", send: func(t *testing.T, x *targettest.Target, agent string) {
			assert.Contains(t, raw(t, x, "GET http://shop.example:8080/ok?a=b HTTP/1.1\nHost: other.example\nConnection: close\nUser-Agent: "+agent+"\n\n"), "200 OK")
		}},
		{name: "not-utf-8", send: func(t *testing.T, x *targettest.Target, agent string) {
			answer := raw(t, x, "GET /ok/\xff?\xff HTTP/1.1\nHost: shop.example\nConnection: close\nUser-Agent: "+agent+"\n"+
				"X-Forwarded-For: \xff\nTraceparent: "+remoteParent+"\nTracestate: \xff\n\n")
			assert.Contains(t, answer, "200 OK")
		}},
		{name: "chunked", send: func(t *testing.T, x *targettest.Target, agent string) {
			answer := raw(t, x, "POST /echo HTTP/1.1\nHost: shop.example\nUser-Agent: "+agent+"\n"+
				"Transfer-Encoding: chunked\nConnection: close\n\n5\nhello\n0\n\n")
			assert.Contains(t, answer, "hello")
		}},
	}
}

// run makes the request, on a connection of its own.
func (c serverCase) run(t *testing.T, x *targettest.Target) {
	t.Helper()
	if c.send != nil {
		c.send(t, x, c.name)
		return
	}
	c.runBy(t, x.Client(), x.URL())
}

func (c serverCase) runBy(t *testing.T, client *http.Client, base string) {
	t.Helper()
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	request, err := http.NewRequestWithContext(t.Context(), c.method, base+c.path, body)
	require.NoError(t, err)
	request.Header.Set("User-Agent", c.name)
	for name, values := range c.header {
		request.Header[name] = values
	}
	response, err := client.Do(request)
	if c.status == 0 {
		require.Error(t, err, c.name)
		return
	}
	require.NoError(t, err, c.name)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err, c.name)
	assert.Equal(t, c.status, response.StatusCode, c.name)
}

// cancelled goes away as soon as its request is on the way. The server reads it all the same.
func cancelled(t *testing.T, x *targettest.Target, agent string) {
	if strings.HasPrefix(x.URL(), "http:") {
		hangUp(t, x, agent)
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { cancel() }})
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, x.URL()+"/wait?d=1m", nil)
	require.NoError(t, err)
	request.Header.Set("User-Agent", agent)
	_, err = x.Client().Do(request)
	require.ErrorIs(t, err, context.Canceled)
}

// hangUp is cancelled for HTTP/1, whose client says that it wrote a request while that is still in its buffer.
func hangUp(t *testing.T, x *targettest.Target, agent string) {
	conn, err := net.Dial("tcp", x.Address())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /wait?d=1m HTTP/1.1\r\nHost: "+x.Address()+"\r\nUser-Agent: "+agent+"\r\n\r\n")
	require.NoError(t, err)
}

// hijack changes the protocol, talks and hangs up.
func hijack(t *testing.T, x *targettest.Target, agent string) {
	conn, err := net.Dial("tcp", x.Address())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, "GET /hijack HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: "+agent+
		"\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhello")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	echo, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(echo))
}
