// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// startDatabaseCollector starts a receiver that knows layouts by the database alone.
func startDatabaseCollector(t *testing.T) *collector {
	c := newCollectorOf(t, receiver.NewFactoryWithLayoutsOf(gobinary.SourceOffsetsDB))
	t.Cleanup(c.stop)
	return c
}

// strippedBuilds are the builds that need the database most.
func strippedBuilds(program string) (builds []targettest.Build) {
	for _, version := range targettest.Versions() {
		builds = append(builds, targettest.Build{Program: program, Go: version, Strip: true, PIE: true})
	}
	return builds
}

// fromDatabaseAlone checks that a collector knew every field, and none by another source.
func (c *collector) fromDatabaseAlone() {
	c.t.Helper()
	points := c.points("ebpfgo.layout.fields")
	require.Len(c.t, points, 1)
	source, _ := points[0].Attributes.Value("source")
	assert.Equal(c.t, "offsetsdb", source.AsString())
	assert.Positive(c.t, points[0].Value)
}

// The traces are those that the layouts of type descriptors and DWARF give.

func TestServerFromDatabase(t *testing.T) {
	for _, build := range strippedBuilds("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			c := startDatabaseCollector(t)
			checkServer(c, build, "server-", append(serverCases(peer), http1Cases()...), peer)
			c.fromDatabaseAlone()
		})
	}
}

func TestServerHTTP2FromDatabase(t *testing.T) {
	for _, build := range strippedBuilds("httpserver") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			peer := targettest.Start(t, targettest.Binary(t, build))
			c := startDatabaseCollector(t)
			checkServer(c, build, "server-http2-", serverCases(peer), peer, targettest.TLS())
			c.fromDatabaseAlone()
		})
	}
}

func TestClientFromDatabase(t *testing.T) {
	servers := startServers(t)
	for _, build := range strippedBuilds("httpclient") {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			c := startDatabaseCollector(t)
			checkClient(c, build, servers)
			c.fromDatabaseAlone()
		})
	}
}
