// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// h2cCases are requests with prior knowledge: the client speaks HTTP/2 from the first byte on.
var h2cCases = []serverCase{
	{name: "ok", path: "/ok/17?a=b", status: 200},
	{name: "echo", method: "POST", path: "/echo", body: "hello", status: 200},
	{name: "not-found", path: "/nowhere", status: 404},
	{name: "panic", path: "/panic"},
	{name: "goexit", path: "/goexit"},
	{name: "traceparent", path: "/ok", status: 200, header: http.Header{"Traceparent": {remoteParent}, "Tracestate": {"vendor=value"}}},
}

// The server of golang.org/x/net/http2 gives the same traces, however it came into the executable.
func TestServerH2C(t *testing.T) {
	var builds []targettest.Build
	for _, version := range targettest.Versions() {
		builds = append(builds, targettest.Build{Go: version, Strip: true, PIE: true})
	}
	builds = append(builds,
		targettest.Build{Go: "1.18", Vendor: true},
		targettest.Build{Go: "1.18", GOPATH: true},
		targettest.Build{Go: "1.27", GOPATH: true},
		targettest.Build{Go: "1.26", ModFile: "go.latest.mod"},
		targettest.Build{Go: "1.27", ModFile: "go.latest.mod"},
	)
	for _, build := range builds {
		build.Program = "h2cserver"
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startCollector(t)
			x := c.start(build)
			latest := build.ModFile != ""
			e := expectation{
				golden:    latest && build.Go == "1.27",
				routes:    latest, // the other go.mod asks for the ServeMux of Go 1.21
				addresses: map[string]string{x.Address(): "target"},
			}
			client := x.Client()
			transport := client.Transport.(*http.Transport)
			transport.Protocols = new(http.Protocols)
			transport.Protocols.SetUnencryptedHTTP2(true)
			for _, test := range h2cCases {
				test.runBy(t, client, x.URL())
			}
			traces := byUserAgent(c.gather(x, len(h2cCases)))
			for _, test := range h2cCases {
				compareGolden(t, "server-h2c-"+test.name, traces[test.name], e)
			}

			body, err := targettest.UpgradeH2C(t.Context(), x.Address(), "/ok/17?a=b")
			require.NoError(t, err)
			assert.Equal(t, "ok", string(body))
			compareGolden(t, "server-h2c-upgrade", c.gather(x, 1), e)
			_, err = targettest.UpgradeH2C(t.Context(), x.Address(), "/panic")
			require.Error(t, err)
			compareGolden(t, "server-h2c-upgrade-panic", c.gather(x, 1), e)

			serverCase{name: "http1", path: "/ok", status: 200}.run(t, x)
			compareGolden(t, "server-h2c-http1", c.gather(x, 1), e)
			c.nothingElseServed(x)
		})
	}
}
