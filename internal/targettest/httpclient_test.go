// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCommands(t *testing.T) {
	t.Parallel()
	server := Binary(t, Build{Program: "httpserver"})
	plain, secure := Start(t, server), Start(t, server, TLS())
	for _, version := range []string{"1.18", "1.27"} {
		client := Start(t, Binary(t, Build{Program: "httpclient", Go: version}))
		for name, test := range map[string]struct {
			command Command
			status  int
			proto   string
			err     string // a part of it
		}{
			"success":       {Command{URL: plain.URL() + "/items/1"}, 200, "HTTP/1.1", ""},
			"body":          {Command{Method: "POST", URL: plain.URL() + "/echo", Body: "x"}, 200, "HTTP/1.1", ""},
			"status":        {Command{URL: plain.URL() + "/status/503"}, 503, "HTTP/1.1", ""},
			"direct":        {Command{URL: plain.URL() + "/ok", Direct: true}, 200, "HTTP/1.1", ""},
			"goroutine":     {Command{URL: plain.URL() + "/ok", Goroutine: true}, 200, "HTTP/1.1", ""},
			"context":       {Command{URL: plain.URL() + "/ok", Context: "chain"}, 200, "HTTP/1.1", ""},
			"bad context":   {Command{URL: plain.URL() + "/ok", Context: "no"}, 0, "", "no context of the kind"},
			"redirect":      {Command{URL: plain.URL() + "/redirect?n=3"}, 302, "HTTP/1.1", ""},
			"followed":      {Command{URL: plain.URL() + "/redirect?n=3", Follow: true}, 200, "HTTP/1.1", ""},
			"HTTP/2":        {Command{URL: secure.URL() + "/ok", Insecure: true, HTTP2: true}, 200, "HTTP/2.0", ""},
			"TLS":           {Command{URL: secure.URL() + "/ok", Insecure: true}, 200, "HTTP/1.1", ""},
			"TLS error":     {Command{URL: secure.URL() + "/ok"}, 0, "", "certificate"},
			"dial error":    {Command{URL: "http://" + unusedAddress(t)}, 0, "", "connection refused"},
			"no response":   {Command{URL: plain.URL() + "/panic"}, 0, "", "EOF"},
			"timeout":       {Command{URL: plain.URL() + "/wait?d=1m", Timeout: "50ms"}, 0, "", "Client.Timeout exceeded"},
			"cancelled":     {Command{URL: plain.URL() + "/wait?d=1m", CancelAfter: "50ms"}, 0, "", "context canceled"},
			"h2 cancelled":  {Command{URL: secure.URL() + "/wait?d=1m", CancelAfter: "50ms", Insecure: true, HTTP2: true}, 0, "", "context canceled"},
			"h2 no answer":  {Command{URL: secure.URL() + "/panic", Insecure: true, HTTP2: true}, 0, "", "stream error"},
			"other headers": {Command{URL: plain.URL() + "/ok", Headers: map[string]string{"X-Test": "1"}}, 200, "HTTP/1.1", ""},
		} {
			t.Run(version+" "+name, func(t *testing.T) {
				results := client.Do(test.command)
				require.Len(t, results, 1)
				assert.Equal(t, test.status, results[0].Status)
				assert.Equal(t, test.proto, results[0].Protocol)
				if test.err == "" {
					assert.Empty(t, results[0].Error)
				}
				assert.Contains(t, results[0].Error, test.err)
			})
		}
		many := client.Do(Command{URL: plain.URL() + "/status/20{n}", N: 5, Concurrency: 3, Goroutine: true})
		require.Len(t, many, 5)
		for i, result := range many {
			assert.Equal(t, 200+i, result.Status)
		}
	}
}

// unusedAddress is one that nothing listens on.
func unusedAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}
