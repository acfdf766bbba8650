// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// get requests a path of a target that answers 200.
func get(t testing.TB, x *targettest.Target, path string) {
	t.Helper()
	response, err := x.Client().Get(x.URL() + path)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode, path)
}

// raw sends bytes to a target, and returns what it answers until it closes the connection.
func raw(t testing.TB, x *targettest.Target, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", x.Address())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(conn, strings.ReplaceAll(request, "\n", "\r\n"))
	require.NoError(t, err)
	var answer bytes.Buffer
	_, err = io.Copy(&answer, conn)
	require.NoError(t, err)
	return answer.String()
}

// loadClients is how many requests underLoad has under way at a time.
const loadClients = 4

// underLoad runs do while a target answers requests, of which none may fail, and returns how many there were.
func underLoad(t *testing.T, x *targettest.Target, do func()) int {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	type result struct {
		requests int
		errs     []error
	}
	results := make(chan result)
	for range loadClients {
		go func() {
			var r result
			client := x.Client()
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				response, err := client.Get(x.URL() + "/ok")
				if err == nil {
					response.Body.Close()
				}
				if err != nil || response.StatusCode != http.StatusOK {
					r.errs = append(r.errs, err)
				}
				r.requests++
			}
			results <- r
		}()
	}
	do()
	stop()
	requests := 0
	for range loadClients {
		r := <-results
		assert.Empty(t, r.errs)
		requests += r.requests
	}
	return requests
}
