// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	peer := Start(t, Binary(t, Build{Program: "httpserver"}))
	callPeer := url.Values{"url": {peer.URL() + "/status/204"}}.Encode()

	for _, version := range []string{"1.18", "1.27"} {
		binary := Binary(t, Build{Program: "httpserver", Go: version})
		methodNotAllowed := http.StatusOK
		if version == "1.27" {
			methodNotAllowed = http.StatusMethodNotAllowed // only a mux with method patterns knows it
		}
		for protocol, options := range map[string][]Option{"HTTP/1.1": nil, "HTTP/2.0": {TLS()}} {
			x := Start(t, binary, append(options, Args("-upstream", peer.URL()))...)
			for _, test := range []struct {
				method, path, send string
				status             int // 0 for a connection or stream that ends without a response
				body               string
			}{
				{path: "/ok", status: 200, body: "ok"},
				{path: "/ok/17", status: 200, body: "ok"},
				{path: "/items/17", status: 200, body: "item 17"},
				{path: "/items/17/parts/a/b", status: 200, body: "part a/b"},
				{method: "DELETE", path: "/items/17", status: methodNotAllowed},
				{path: "/status/418", status: 418},
				{path: "/status/no", status: 400, body: "no such status: no\n"},
				{path: "/nowhere", status: 404, body: "404 page not found\n"},
				{path: "/implicit", status: 200},
				{method: "POST", path: "/echo", send: "hello", status: 200, body: "hello"},
				{path: "/big?n=10000", status: 200, body: strings.Repeat("\x00", 10000)},
				{path: "/sleep?d=1ms", status: 200, body: "slept"},
				{path: "/wait?d=1ms", status: 200, body: "waited"},
				{path: "/redirect", status: 302},
				{path: "/panic"},
				{path: "/panic-custom"},
				{path: "/abort"},
				{path: "/recovered", status: 500, body: "recovered\n"},
				{path: "/goexit"},
				{path: "/die", status: 400, body: "how?\n"},
				{path: "/deep?n=5000", status: 200, body: "bottom"},
				{path: "/deep?n=100&" + callPeer, status: 200, body: "204"},
				{path: "/gc", status: 200, body: "collected"},
				{path: "/background", status: 200, body: "started"},
				{path: "/mutate", status: 200, body: "mutated"},
				{path: "/withcontext/ok", status: 200, body: "ok"},
				{path: "/timeout?d=1ms", status: 200, body: "slept"},
				{path: "/timeout?d=5s", status: 503, body: "too slow"},
				{path: "/call?" + callPeer, status: 200, body: "204"},
				{path: "/call?context=chain&" + callPeer, status: 200, body: "204"},
				{path: "/call?context=no&" + callPeer, status: 400, body: "no context of the kind \"no\" in this version of Go\n"},
				{path: "/call-goroutine?" + callPeer, status: 200, body: "204"},
				{path: "/call-background?" + callPeer, status: 200, body: "later"},
				{path: "/proxy/status/418", status: 418},
			} {
				t.Run(version+" "+protocol+" "+test.path, func(t *testing.T) {
					request, err := http.NewRequestWithContext(t.Context(), test.method, x.URL()+test.path, strings.NewReader(test.send))
					require.NoError(t, err)
					response, err := x.Client().Do(request)
					if test.status == 0 {
						require.Error(t, err)
						return
					}
					require.NoError(t, err)
					defer response.Body.Close()
					assert.Equal(t, test.status, response.StatusCode)
					assert.Equal(t, protocol, response.Proto)
					body, err := io.ReadAll(response.Body)
					require.NoError(t, err)
					if test.body != "" {
						assert.Equal(t, test.body, string(body))
					}
				})
			}
		}
	}
}

func TestHijack(t *testing.T) {
	t.Parallel()
	x := Start(t, Binary(t, Build{Program: "httpserver"}))
	conn, err := net.Dial("tcp", x.Address())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, "GET /hijack HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ")
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	_, err = io.WriteString(conn, "late")
	require.NoError(t, err)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	echo, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, "early late", string(echo))
}

func TestContexts(t *testing.T) {
	t.Parallel()
	names := []string{"", "value", "cancel", "timeout", "embedded", "named", "struct", "chain", "background"}
	for version, more := range map[string][]string{"1.18": nil, "1.21": {"without_cancel", "after_func"}} {
		x := Start(t, Binary(t, Build{Program: "httpserver", Go: version}))
		for _, name := range append(more, names...) {
			query := url.Values{"url": {x.URL() + "/ok"}, "context": {name}}.Encode()
			response, err := x.Client().Get(x.URL() + "/call?" + query)
			require.NoError(t, err)
			response.Body.Close()
			assert.Equal(t, http.StatusOK, response.StatusCode, "%s on Go %s", name, version)
		}
	}
}

func TestDie(t *testing.T) {
	t.Parallel()
	binary := Binary(t, Build{Program: "httpserver"})
	for how, want := range map[string]string{
		"panic": "exit status 2", "segv": "exit status 2", "overflow": "exit status 2",
		"exit&code=3": "exit status 3", "exit": "exit status 0", "kill": "signal: killed",
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			x := Start(t, binary, ExpectCrash())
			_, err := x.Client().Get(x.URL() + "/die?how=" + how)
			require.Error(t, err)
			assert.Equal(t, want, x.WaitExit().String())
		})
	}
}

func TestCallBackground(t *testing.T) {
	t.Parallel()
	x := Start(t, Binary(t, Build{Program: "httpserver"}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	called := make(chan string, 1)
	peer := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { called <- r.URL.Path })}
	go peer.Serve(listener)
	defer peer.Close()

	query := url.Values{"url": {"http://" + listener.Addr().String() + "/later"}}.Encode()
	response, err := x.Client().Get(x.URL() + "/call-background?" + query)
	require.NoError(t, err)
	response.Body.Close()
	select {
	case path := <-called:
		assert.Equal(t, "/later", path)
	case <-time.After(time.Minute):
		t.Fatal("the call was not made")
	}
}

func TestRedirect(t *testing.T) {
	t.Parallel()
	x := Start(t, Binary(t, Build{Program: "httpserver"}))
	for i := 3; i >= 0; i-- {
		response, err := x.Client().Get(x.URL() + "/redirect?n=" + strconv.Itoa(i))
		require.NoError(t, err)
		response.Body.Close()
		want := "/ok"
		if i > 0 {
			want = "/redirect?n=" + strconv.Itoa(i-1)
		}
		assert.Equal(t, want, response.Header.Get("Location"))
	}
}
