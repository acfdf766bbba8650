// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// oldestAndNewest are the two builds of a program with grpc that are furthest apart.
func oldestAndNewest(program string) []Build {
	builds := GRPCBuilds(program)
	return []Build{builds[0], builds[len(builds)-1]}
}

func TestGRPCMethods(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	peer := Start(t, Binary(t, Build{Program: "grpcserver"}))
	web := Start(t, Binary(t, Build{Program: "httpserver"}))
	callPeer := url.Values{"target": {peer.Address()}, "method": {"/example.Unary/Echo"}, "message": {"hello"}}.Encode()

	for _, build := range oldestAndNewest("grpcserver") {
		for name, options := range map[string][]Option{
			"http2":       nil,
			"tls":         {TLS()},
			"workers":     {Args("-workers", "2")},
			"handler":     {Args("-handler")},
			"handler-tls": {Args("-handler"), TLS()},
		} {
			x := Start(t, Binary(t, build), append(options, Args("-interceptors", "-recover"))...)
			for _, test := range []struct {
				method, request string
				code            string // "OK" if empty
				answer          string
				old             string // the code of grpc 1.40, if it is another one
			}{
				{method: "Echo", request: "hello", answer: "hello"},
				{method: "Large", request: "100000", answer: strings.Repeat("x", 100000)},
				{method: "Sleep", request: "1ms", answer: "slept"},
				{method: "Wait", request: "1ms", answer: "waited"},
				{method: "Status", request: "5 no such thing", code: "NotFound", answer: "no such thing"},
				{method: "Status", request: "0 fine", answer: "fine"},
				{method: "Status", request: "99", code: "Code(99)"},
				{method: "Status", request: "no", code: "InvalidArgument", answer: "no such code"},
				{method: "Error", request: "plain", code: "Unknown", answer: "a plain error"},
				{method: "Error", request: "own", code: "Unknown", answer: "an error of its own type"},
				{method: "Error", request: "status", code: "AlreadyExists", answer: "a status of its own"},
				{method: "Error", request: "details", code: "ResourceExhausted", answer: "a status with details"},
				{method: "Error", request: "eof", code: "Unknown", answer: "EOF"},
				{method: "Error", request: "cancelled", code: "Canceled", answer: "context canceled", old: "Unknown"},
				{method: "Error", request: "deadline", code: "DeadlineExceeded", answer: "context deadline exceeded", old: "Unknown"},
				{method: "Panic", code: "Internal", answer: "recovered: a handler that panics"},
				{method: "PanicError", code: "Internal", answer: "recovered: a handler that panics with an error"},
				{method: "Die", code: "InvalidArgument", answer: "how?"},
				{method: "Deep", request: "n=5000", answer: "bottom"},
				{method: "Deep", request: "n=100&" + callPeer, answer: "hello"},
				{method: "Collect", answer: "collected"},
				{method: "Call", request: callPeer, answer: "hello"},
				{method: "Call", request: "context=chain&" + callPeer, answer: "hello"},
				{method: "Call", request: "context=no", code: "Unknown", answer: `no context of the kind "no" in this version of Go`},
				{method: "CallGoroutine", request: callPeer, answer: "hello"},
				{method: "CallPool", request: callPeer, answer: "hello"},
				{method: "CallBackground", request: callPeer, answer: "later"},
				{method: "Get", request: url.Values{"url": {web.URL() + "/status/204"}}.Encode(), answer: "204"},
				{method: "Nowhere", code: "Unimplemented"},
			} {
				for service, stream := range map[string]string{"example.Unary": "", "example.Stream": "bidi"} {
					t.Run(fmt.Sprintf("%s %s %s/%s %.20s", build, name, service, test.method, test.request), func(t *testing.T) {
						results := client.Call(Call{
							Target: x.Address(), TLS: x.settings.tls, Stream: stream,
							Method: "/" + service + "/" + test.method, Messages: []string{test.request},
						})
						require.Len(t, results, 1)
						code := cmp.Or(test.code, "OK")
						if test.old != "" && build.ModFile == "grpc1.40.mod" {
							code = test.old
						}
						assert.Equal(t, code, results[0].Code)
						answer := append(results[0].Messages, results[0].Message)[0]
						if test.answer != "" {
							assert.Equal(t, test.answer, answer)
						}
					})
				}
			}
		}
	}
}

func TestGRPCStreams(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	for _, build := range oldestAndNewest("grpcserver") {
		for _, options := range [][]Option{nil, {Args("-handler")}} {
			x := Start(t, Binary(t, build), options...)
			for _, test := range []struct {
				call    Call
				answers []string
			}{
				{Call{Stream: "client", Method: "/example.Stream/Gather", Messages: []string{"a", "b", "c"}}, []string{"a b c"}},
				{Call{Stream: "server", Method: "/example.Stream/List", Messages: []string{"3"}}, []string{"0", "1", "2"}},
				{Call{Stream: "bidi", Method: "/example.Stream/Chat", Messages: []string{"a", "b"}}, []string{"a", "b"}},
			} {
				test.call.Target = x.Address()
				results := client.Call(test.call)
				require.Len(t, results, 1)
				assert.Equal(t, "OK", results[0].Code, "%s: %s", test.call.Method, results[0].Message)
				assert.Equal(t, test.answers, results[0].Messages)
			}
		}
	}
}

// The handler learns that nobody waits for it any more, whatever the reason.
func TestGRPCLate(t *testing.T) {
	t.Parallel()
	for _, build := range oldestAndNewest("grpcserver") {
		for _, options := range [][]Option{nil, {Args("-handler")}} {
			x := Start(t, Binary(t, build), options...)
			client := Start(t, Binary(t, Build{Program: "grpcclient"}))
			late := Call{Target: x.Address(), Method: "/example.Unary/Late", CancelAfter: "20ms"}
			assert.Equal(t, "Canceled", client.Call(late)[0].Code)
			late.CancelAfter, late.Timeout = "", "20ms"
			// The server knows the deadline too, and its answer may be the first to arrive.
			assert.Contains(t, []string{"DeadlineExceeded", "OK"}, client.Call(late)[0].Code)
			late.Timeout = ""
			client.BeginCall(late)
			client.Kill()
		}
	}
}

func TestGRPCStop(t *testing.T) {
	t.Parallel()
	for _, build := range oldestAndNewest("grpcserver") {
		for method, codes := range map[string][2]string{"Stop": {"Unavailable", "Unavailable"}, "GracefulStop": {"OK", "OK"}} {
			x := Start(t, Binary(t, build))
			client := Start(t, Binary(t, Build{Program: "grpcclient"}))
			request := map[string]string{"Stop": "wait"}[method]
			assert.Equal(t, codes[0], client.Call(Call{Target: x.Address(), Method: "/example.Unary/" + method, Messages: []string{request}})[0].Code)
			// A server that stops gracefully answers first, and then lets its clients know.
			assert.Eventually(t, func() bool {
				return client.Call(Call{Target: x.Address(), Method: "/example.Unary/Echo"})[0].Code == "Unavailable"
			}, Patience(10*time.Second), time.Millisecond)
			x.Stop()
		}
	}
}

func TestGRPCEndings(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	for _, build := range oldestAndNewest("grpcserver") {
		binary := Binary(t, build)
		for method, want := range map[string]string{
			"Panic": "exit status 2", "PanicError": "exit status 2", "Die panic": "exit status 2", "Die segv": "exit status 2",
			"Die overflow": "exit status 2", "Die exit": "exit status 3", "Die kill": "signal: killed",
		} {
			x := Start(t, binary, ExpectCrash())
			name, how, _ := strings.Cut(method, " ")
			results := client.Call(Call{Target: x.Address(), Method: "/example.Unary/" + name, Messages: []string{how}})
			assert.Equal(t, "Unavailable", results[0].Code, method)
			assert.Equal(t, want, x.WaitExit().String(), method)
		}
		// Nobody answers for a handler whose goroutine is gone, nor does net/http recover it from a panic:
		// grpc starts a goroutine of its own for it there too.
		for _, options := range [][]Option{nil, {Args("-handler")}} {
			x := Start(t, binary, options...)
			results := client.Call(Call{Target: x.Address(), Method: "/example.Unary/Goexit", Timeout: "100ms"})
			assert.Equal(t, "DeadlineExceeded", results[0].Code)
		}
		x := Start(t, binary, Args("-handler"), ExpectCrash())
		results := client.Call(Call{Target: x.Address(), Method: "/example.Unary/Panic"})
		assert.Equal(t, "Unavailable", results[0].Code)
		assert.Equal(t, "exit status 2", x.WaitExit().String())
	}
}

func TestGRPCListen(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	socket := "unix:" + filepath.Join(t.TempDir(), "socket")
	x := Start(t, Binary(t, Build{Program: "grpcserver"}), Args("-addr", socket, "-proxy"))
	assert.Equal(t, strings.TrimPrefix(socket, "unix:"), x.Address())
	results := client.Call(Call{Target: socket, Stream: "bidi", Method: "/what/ever", Messages: []string{"1ms"}})
	assert.Equal(t, []string{"1ms"}, results[0].Messages)

	y := Start(t, Binary(t, Build{Program: "grpcserver"}), Args("-handler"))
	query := url.Values{"target": {socket}, "method": {"/example.Unary/Echo"}, "message": {"hello"}}.Encode()
	response, err := y.Client().Get(y.URL() + "/call?" + query)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
}

// Every version of grpc and every version of Go that it is for is built, in every way.
func TestGRPCBuilds(t *testing.T) {
	t.Parallel()
	builds := GRPCBuilds("grpcserver")
	versions := Versions()
	for _, version := range versions[slices.Index(versions, "1.21"):] {
		assert.True(t, slices.ContainsFunc(builds, func(b Build) bool { return b.Go == version }), "Go %s", version)
	}
	files, err := filepath.Glob("../../testdata/grpcserver/*.mod")
	require.NoError(t, err)
	require.Len(t, files, 7)
	for _, file := range files {
		name := strings.TrimPrefix(filepath.Base(file), "go.mod")
		assert.True(t, slices.ContainsFunc(builds, func(b Build) bool { return b.ModFile == name }), "%s", file)
	}
	for _, program := range []string{"grpcserver", "grpcclient"} {
		for _, build := range GRPCBuilds(program) {
			t.Run(program+" "+build.String(), func(t *testing.T) {
				checkExecutable(t, Binary(t, build), build)
			})
		}
	}
}
