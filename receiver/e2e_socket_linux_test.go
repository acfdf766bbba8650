// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// New connections carry a header from their first request on: in the socket layer, of plain HTTP/1.1.
func TestSocketOverHTTP1(t *testing.T) {
	const requests = 300
	for _, build := range joinBuilds("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			c := startCollector(t, joining)
			server := c.start(build)
			build.Program = "httpclient"
			client := c.start(build)
			for _, concurrency := range []int{1, 50} {
				before := c.propagated("inserted")
				results := client.Do(targettest.Command{URL: server.URL() + "/items/{n}", N: requests, Concurrency: concurrency})
				for _, result := range results {
					require.Equal(t, http.StatusOK, result.Status, result.Error)
				}
				clients := byURLPath(t, server, c.next(client, requests))
				for path, s := range byPath(t, c.next(server, requests)) {
					assertJoined(t, clients[path], s, path)
				}
				require.Eventually(t, func() bool { return c.propagated("inserted") == before+requests }, patience, interval)
			}
			assert.Zero(t, c.propagated("joinable"))
		})
	}
}

// A connection that is older than the tracing of its process is watched from its second request on.
func TestSocketOfOlderConnections(t *testing.T) {
	const older = "SOCKET_TEST_OLDER"
	mark := strconv.Itoa(os.Getpid())
	server := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "httpserver"}), targettest.Env(older+"="+mark))
	client := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "httpclient"}), targettest.Env(older+"="+mark))
	command := targettest.Command{URL: server.URL() + "/ok"}
	require.Equal(t, http.StatusOK, client.Do(command)[0].Status)

	c := startCollector(t, joining, targets(receiver.SelectorConfig{Environment: map[string]string{older: mark}}))
	c.waitTraced(server)
	c.waitTraced(client)
	require.Eventually(t, func() bool {
		require.Equal(t, http.StatusOK, client.Do(command)[0].Status)
		return c.propagated("inserted") > 0
	}, patience, interval)
	assert.Positive(t, c.propagated("joinable"), "the requests before that")
}

// Calls of gRPC without TLS: one or many streams of one connection at a time.
func TestSocketOfGRPC(t *testing.T) {
	for _, build := range oldestAndNewestGRPC("grpcserver") {
		t.Run(build.String(), func(t *testing.T) {
			c := startCollector(t, joining)
			server := c.start(build)
			build.Program = "grpcclient"
			client := c.start(build)
			for _, calls := range []int{1, 1000} {
				before := c.propagated("inserted")
				client.Call(targettest.Call{
					Target: server.Address(), Method: "/example.Unary/Status", Messages: []string{"2 call {n}"}, N: calls, Concurrency: calls,
				})
				clients := byMessage(t, c.next(client, calls))
				for message, s := range byMessage(t, c.next(server, calls)) {
					assertJoined(t, clients[message], s, message)
				}
				require.Eventually(t, func() bool { return c.propagated("inserted") == before+int64(calls) }, patience, interval)
			}
			assert.Zero(t, c.propagated("joinable"))
		})
	}
}
