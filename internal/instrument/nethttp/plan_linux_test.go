// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// chosen is a program with its variant, the kind of site that it is at, and the ways of propagation
// that it is for.
type chosen struct {
	instrumentation string
	program         string
	variant         uint8
	kind            gobinary.SiteKind
	way             instrument.Way
}

// errorReturns is how a plan shows the returns of (*Transport).roundTrip that only errors
// lead to: the sites that must be stepped, and the only ones that there are several of.
var errorReturns = chosen{client, "net_http_client_end", endAlways, gobinary.SiteReturn, 0}

// expectedSites are the sites of a build of a program.
func expectedSites(build targettest.Build) []chosen {
	minor, _ := strconv.Atoi(strings.TrimPrefix(build.Go, "1."))
	entry := gobinary.SiteFrame
	if minor < 21 || build.GOARCH == "arm64" {
		entry = gobinary.SiteStackCheck
	}
	http2 := uint8(http2Bundled)
	if minor >= 27 {
		http2 = http2Internal
	}
	var sites []chosen
	if build.Program != "httpclient" {
		sites = append(sites,
			chosen{server, "net_http_server_start", 0, gobinary.SiteCall, 0},
			chosen{server, "net_http_server_end", 0, entry, 0},
			chosen{server, "net_http_server_unwind", 0, entry, 0})
		if minor >= oldestLineage {
			sites = append(sites, chosen{server, "net_http_server_accept", 0, entry, 0})
		}
		if minor >= 27 {
			request := chosen{server, "net_http2_server_request", requestAtBranch, gobinary.SiteBranch, 0}
			if build.GOARCH == "arm64" { // where the kernel simulates calls
				request = chosen{server, "net_http2_server_request", requestAtCall, gobinary.SiteIndirectCall, 0}
			}
			sites = append(sites, request)
		}
		sites = append(sites,
			chosen{server, "net_http2_server_start", http2, entry, 0},
			chosen{server, "net_http2_server_end", http2, entry, 0})
	}
	if build.Program == "h2cserver" {
		return append(sites,
			chosen{server, "net_http2_server_start", http2Module, entry, 0},
			chosen{server, "net_http2_server_end", http2Module, entry, 0})
	}
	if build.GOARCH != "arm64" { // where the kernel simulates returns
		sites = append(sites,
			chosen{client, "net_http_client_end", endUnlessEqual, gobinary.SiteBranch, 0},
			chosen{client, "net_http_client_end", endIfFalse, gobinary.SiteBranch, 0})
	}
	return append(sites,
		chosen{client, "net_http_client_start", 0, entry, 0},
		chosen{client, "net_http_client_end", endOnSuccess, gobinary.SiteBranch, 0},
		errorReturns,
		chosen{client, "net_http_client_write", 0, gobinary.SiteCall, instrument.WayWrite},
		chosen{client, "net_http_client_arm", 0, gobinary.SiteCall, onWire},
		chosen{client, "net_http2_client_headers", http2, entry, instrument.AnyWay},
		chosen{client, "net_http2_client_arm", http2, gobinary.SiteCall, onWire},
		chosen{client, "net_http2_client_write", http2, gobinary.SiteCall, instrument.WayWrite})
}

// TestPlan holds the sites in every version of Go to a list: what is on the way of a request
// that succeeds is cheap, and nothing is stepped but the returns of errors.
func TestPlan(t *testing.T) {
	for _, version := range targettest.Versions() {
		for _, build := range []targettest.Build{
			{Program: "httpserver"},
			{Program: "httpserver", Strip: true},
			{Program: "httpserver", Strip: true, PIE: true},
			{Program: "httpserver", Strip: true, GOARCH: "arm64"},
			{Program: "httpclient", Strip: true},
			{Program: "httpclient", Strip: true, GOARCH: "arm64"},
			{Program: "h2cserver", Strip: true},
		} {
			build.Go = version
			t.Run(fmt.Sprint(build.Program, " ", build), func(t *testing.T) {
				plan := instrumenttest.Plan(t, Library(), targettest.Binary(t, build))
				assert.Empty(t, plan.Problems)
				assert.Empty(t, plan.Missing)
				counts := map[chosen]int{}
				for _, probe := range plan.Probes {
					counts[chosen{probe.Instrumentation, probe.Program, probe.Variant, probe.Site.Kind, probe.Way}]++
				}
				expected := map[chosen]int{}
				for _, site := range expectedSites(build) {
					expected[site] = 1
				}
				if expected[errorReturns] > 0 {
					assert.Positive(t, counts[errorReturns])
					expected[errorReturns] = counts[errorReturns]
				}
				assert.Equal(t, expected, counts)
				checkLayout(t, build, plan)
			})
		}
	}
}

// checkLayout holds which parts of a layout are known to what the program has.
func checkLayout(t *testing.T, build targettest.Build, plan instrument.Plan) {
	l := plan.Layout.(layout)
	isServer, isClient := build.Program != "httpclient", build.Program != "h2cserver"
	hasPatterns := build.Go >= "1.22"
	isInternal := build.Go == "1.27"
	hasInternal := isServer && isInternal
	for name, test := range map[string]struct {
		offset uint16
		known  bool
	}{
		"method":           {l.Request.Method, true},
		"pattern":          {l.Request.Pattern, hasPatterns},
		"pattern's string": {l.PatternStr, hasPatterns},
		"response":         {l.ResponseStatus, isServer},
		"answer":           {l.AnswerStatus, isClient},
		"URL":              {l.URLHost, isClient},
		"bundled HTTP/2":   {l.Writers[http2Bundled].State, isServer && !hasInternal},
		"internal HTTP/2":  {l.Writers[http2Internal].State, hasInternal},
		"HTTP/2 request":   {l.HTTP2Request.TLS, hasInternal},
		"buffer's bytes":   {l.BufferBytes, isClient},
		"buffer's count":   {l.BufferCount, isClient},
		"buffer's error":   {l.BufferError, isClient},
		"bundled stream":   {l.StreamIDs[http2Bundled], isClient && !isInternal},
		"internal stream":  {l.StreamIDs[http2Internal], isClient && isInternal},
		"client request":   {l.ClientRequestHeader, isClient && isInternal},
		"x/net/http2":      {l.Writers[http2Module].State, build.Program == "h2cserver"},
	} {
		assert.Equal(t, test.known, test.offset != instrument.Missing, name)
	}
	assert.NotZero(t, l.TypeBuffer)
	structMax := kerneltest.ReadSource(t, "include/scratch.h").Numbers["STRUCT_MAX"]
	require.Positive(t, structMax)
	for _, size := range []uint16{l.Request.Size, l.HTTP2Request.Size, l.URLSize, l.AnswerSize} {
		assert.LessOrEqual(t, int(size), structMax)
	}
	assert.Greater(t, l.Request.Size, l.Request.TLS)
	if hasInternal {
		assert.GreaterOrEqual(t, l.HTTP2Request.Size, l.HTTP2Request.TLS+8)
	}
}

func TestPlanWithoutLibrary(t *testing.T) {
	path, err := exec.LookPath("gofmt") // `go test` puts its toolchain's first in PATH
	require.NoError(t, err)
	assert.Equal(t, instrument.Plan{}, instrumenttest.Plan(t, Library(), path))
}
