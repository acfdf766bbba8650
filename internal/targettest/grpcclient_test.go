// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCalls(t *testing.T) {
	t.Parallel()
	server := Binary(t, Build{Program: "grpcserver"})
	plain, secure := Start(t, server), Start(t, server, TLS())
	nowhere := unusedAddress(t)
	const echo, chat = "/example.Unary/Echo", "/example.Stream/Chat"
	for _, build := range oldestAndNewest("grpcclient") {
		client := Start(t, Binary(t, build), Env("GRPC_GO_RETRY=on")) // which grpc 1.40 wants to be asked for
		for name, test := range map[string]struct {
			call     Call
			code     string
			message  string // a part of it
			messages int
		}{
			"success":         {Call{Method: echo, Messages: []string{"x"}}, "OK", "", 1},
			"passthrough":     {Call{Target: "passthrough:///" + plain.Address(), Method: echo}, "OK", "", 1},
			"dns":             {Call{Target: "dns:///" + plain.Address(), Method: echo}, "OK", "", 1},
			"TLS":             {Call{Target: secure.Address(), TLS: true, Method: echo}, "OK", "", 1},
			"not TLS":         {Call{Target: secure.Address(), Method: echo}, "Unavailable", "", 0},
			"goroutine":       {Call{Method: echo, Goroutine: true}, "OK", "", 1},
			"context":         {Call{Method: echo, Context: "chain"}, "OK", "", 1},
			"bad context":     {Call{Method: echo, Context: "no"}, "Unknown", "no context of the kind", 0},
			"status":          {Call{Method: "/example.Unary/Status", Messages: []string{"7 no"}}, "PermissionDenied", "no", 0},
			"no connection":   {Call{Target: nowhere, Method: echo}, "Unavailable", "connection refused", 0},
			"never ready":     {Call{Target: nowhere, Method: echo, WaitForReady: true, Timeout: "50ms"}, "DeadlineExceeded", "", 0},
			"closed":          {Call{Name: "closed", Method: echo, CloseFirst: true}, "Canceled", "grpc: the client connection is closing", 0},
			"cancelled":       {Call{Method: "/example.Unary/Wait", Messages: []string{"1m"}, CancelAfter: "50ms"}, "Canceled", "context canceled", 0},
			"deadline":        {Call{Method: "/example.Unary/Wait", Messages: []string{"1m"}, Timeout: "50ms"}, "DeadlineExceeded", "", 0},
			"retry":           {Call{Method: "/example.Unary/Flaky", Messages: []string{"unary " + build.String()}, Retry: true}, "OK", "", 1},
			"no retry":        {Call{Method: "/example.Unary/Flaky", Messages: []string{"no " + build.String()}}, "Unavailable", "attempt 1", 0},
			"token":           {Call{Method: echo, Token: plain.Address()}, "OK", "", 1},
			"derive":          {Call{Method: echo, Interceptor: "derive"}, "OK", "", 1},
			"twice":           {Call{Method: echo, Interceptor: "twice"}, "OK", "", 1},
			"refuse":          {Call{Method: echo, Interceptor: "refuse"}, "PermissionDenied", "the interceptor refuses", 0},
			"metadata":        {Call{Method: echo, Metadata: map[string]string{"traceparent": "00-{hex}{hex}-{hex}-01"}}, "OK", "", 1},
			"client stream":   {Call{Stream: "client", Method: "/example.Stream/Gather", Messages: []string{"a", "b"}}, "OK", "", 1},
			"server stream":   {Call{Stream: "server", Method: "/example.Stream/List", Messages: []string{"100"}}, "OK", "", 100},
			"bidi":            {Call{Stream: "bidi", Method: chat, Messages: []string{"a", "b", "c"}}, "OK", "", 3},
			"elsewhere":       {Call{Stream: "bidi", Method: chat, Messages: []string{"a", "b", "c"}, Elsewhere: true}, "OK", "", 3},
			"stream cancel":   {Call{Stream: "server", Method: "/example.Stream/List", Messages: []string{"-1"}, Leave: "cancel"}, "OK", "", 1},
			"stream close":    {Call{Name: "close", Stream: "bidi", Method: chat, Messages: []string{"a"}, Leave: "close"}, "OK", "", 1},
			"stream open":     {Call{Stream: "bidi", Method: chat, Messages: []string{"a"}, Leave: "open"}, "OK", "", 1},
			"no leave":        {Call{Stream: "bidi", Method: chat, Messages: []string{"a"}, Leave: "no"}, "InvalidArgument", "no way to leave a stream", 1},
			"stream deadline": {Call{Stream: "server", Method: "/example.Stream/List", Messages: []string{"-1"}, Timeout: "50ms"}, "DeadlineExceeded", "", -1},
			"stream status":   {Call{Stream: "bidi", Method: "/example.Stream/Status", Messages: []string{"7 no"}}, "PermissionDenied", "no", 0},
			"stream retry":    {Call{Stream: "bidi", Method: "/example.Stream/Flaky", Messages: []string{"stream " + build.String()}, Retry: true}, "OK", "", 1},
			"stream refuse":   {Call{Stream: "bidi", Method: chat, Interceptor: "refuse"}, "PermissionDenied", "the interceptor refuses", 0},
			"stream derive":   {Call{Stream: "bidi", Method: chat, Interceptor: "derive", Messages: []string{"a"}}, "OK", "", 1},
			"stream twice":    {Call{Stream: "bidi", Method: chat, Interceptor: "twice", Messages: []string{"a"}}, "OK", "", 1},
		} {
			t.Run(build.String()+" "+name, func(t *testing.T) {
				if test.call.Target == "" {
					test.call.Target = plain.Address()
				}
				results := client.Call(test.call)
				require.Len(t, results, 1)
				assert.Equal(t, test.code, results[0].Code, results[0].Message)
				assert.Contains(t, results[0].Message, test.message)
				if test.messages >= 0 {
					assert.Len(t, results[0].Messages, test.messages)
				}
			})
		}
	}
}

func TestCallsBetween(t *testing.T) {
	t.Parallel()
	server := Start(t, Binary(t, Build{Program: "grpcserver"}))
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	for _, elsewhere := range []bool{false, true} {
		results := client.Call(Call{
			Target: server.Address(), Stream: "bidi", Method: "/example.Stream/Chat", Messages: []string{"a", "b"}, Elsewhere: elsewhere,
			Between: []Call{{Target: server.Address(), Method: "/example.Unary/Echo", Messages: []string{"{n}"}, N: 2}},
		})
		require.Len(t, results, 1)
		assert.Equal(t, []string{"a", "b"}, results[0].Messages)
		require.Len(t, results[0].Between, 1)
		require.Len(t, results[0].Between[0], 2)
		assert.Equal(t, []string{"1"}, results[0].Between[0][1].Messages)
	}
}

// A call waits for a server that is not there yet.
func TestWaitForReady(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	address := unusedAddress(t)
	wait := client.BeginCall(Call{Target: address, Method: "/example.Unary/Echo", WaitForReady: true, Timeout: "50s"})
	Start(t, Binary(t, Build{Program: "grpcserver"}), Args("-addr", address))
	assert.Equal(t, "OK", wait()[0].Code)
}

func TestManyCalls(t *testing.T) {
	t.Parallel()
	server := Start(t, Binary(t, Build{Program: "grpcserver"}))
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	for _, channels := range []int{1, 20} {
		results := client.Call(Call{
			Target: server.Address(), Method: "/example.Unary/Echo", Messages: []string{"{n} {hex}"},
			N: 1000, Concurrency: 100, Channels: channels, Goroutine: true,
		})
		require.Len(t, results, 1000)
		for i, result := range results {
			require.Equal(t, "OK", result.Code, result.Message)
			assert.Equal(t, []string{strconv.Itoa(i) + " " + fmt.Sprintf("%016x", i+1)}, result.Messages)
			assert.False(t, result.End.Before(result.Start))
		}
	}
}
