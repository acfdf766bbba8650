// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// everyBuild is a program built by every version of Go, linked in every way that moves or removes
// what we look for. The same traces come of all of them.
func everyBuild(program string) (builds []targettest.Build) {
	for _, version := range targettest.Versions() {
		builds = append(builds,
			targettest.Build{Program: program, Go: version},
			targettest.Build{Program: program, Go: version, Strip: true},
			targettest.Build{Program: program, Go: version, PIE: true},
			targettest.Build{Program: program, Go: version, Strip: true, PIE: true},
		)
	}
	return builds
}

func TestServer(t *testing.T) {
	for _, build := range everyBuild("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			checkServer(startCollector(t), build, "server-", append(serverCases(peer), http1Cases()...), peer)
		})
	}
}

func TestServerHTTP2(t *testing.T) {
	for _, build := range everyBuild("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			checkServer(startCollector(t), build, "server-http2-", serverCases(peer), peer, targettest.TLS())
		})
	}
}

// checkServer holds what comes of each request to its golden trace.
func checkServer(c *collector, build targettest.Build, prefix string, cases []serverCase, peer *targettest.Target, options ...targettest.Option) {
	t := c.t.(*testing.T)
	x := c.start(build, append(options, targettest.Args("-upstream", peer.URL()))...)
	n := 0
	for _, test := range cases {
		test.run(t, x)
		n += max(1, test.spans)
	}
	traces := byUserAgent(c.gather(x, n))
	e := expectation{
		golden:    isGolden(build),
		routes:    minor(t, build) >= 22,
		addresses: map[string]string{x.Address(): "target", peer.Address(): "peer"},
	}
	for _, test := range cases {
		compareGolden(t, prefix+test.name, traces[test.name], e)
	}
	c.nothingElseServed(x)
}

// isGolden tells whether golden traces are those of this build: the newest and the barest.
func isGolden(build targettest.Build) bool {
	versions := targettest.Versions()
	return build.Go == versions[len(versions)-1] && build.Strip && build.PIE
}

// minor is 22 for a build by Go 1.22.
func minor(t *testing.T, build targettest.Build) int {
	t.Helper()
	number, err := strconv.Atoi(strings.TrimPrefix(build.Go, "1."))
	require.NoError(t, err)
	return number
}

// byUserAgent sorts spans by the user agent of the request that their trace began with.
func byUserAgent(spans []span) map[string][]span {
	agents := map[pcommon.TraceID]string{}
	traces := map[string][]span{}
	for _, s := range spans {
		if s.Kind() == ptrace.SpanKindServer {
			agents[s.TraceID()], _ = s.attribute("user_agent.original").(string)
		}
		agent := agents[s.TraceID()]
		traces[agent] = append(traces[agent], s)
	}
	return traces
}
