// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// A process is a target once it listens on a port, whether it did so before the collector started or does it later.
func TestPorts(t *testing.T) {
	t.Parallel()
	before := targettest.Start(t, targettest.Binary(t, lifecycleBuild))
	address := unusedAddress(t)
	c := startCollector(t, targets(
		receiver.SelectorConfig{Ports: []receiver.PortRange{portOf(t, before.Address())}},
		receiver.SelectorConfig{Ports: []receiver.PortRange{portOf(t, address)}},
	))
	other := targettest.Start(t, targettest.Binary(t, lifecycleBuild))
	after := targettest.Start(t, targettest.Binary(t, lifecycleBuild), targettest.Args("-addr", address))
	for _, x := range []*targettest.Target{before, after} {
		c.waitTraced(x)
		get(t, x, "/ok")
		assert.Len(t, c.next(x, 1), 1)
		c.nothingElseServed(x)
	}
	assert.Zero(t, traps(t, other))
}

func portOf(t *testing.T, address string) receiver.PortRange {
	t.Helper()
	tcp, err := net.ResolveTCPAddr("tcp", address)
	require.NoError(t, err)
	return receiver.PortRange{First: uint16(tcp.Port), Last: uint16(tcp.Port)}
}

// An exclusion wins over a target. What the configuration and the process say about itself is in the resource.
func TestExcludeAndResource(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	c := startCollector(t, func(config *receiver.Config) {
		config.Targets = []receiver.TargetConfig{{
			SelectorConfig:     receiver.SelectorConfig{Executable: binary},
			ServiceName:        "checkout",
			ResourceAttributes: map[string]string{"team": "payments"},
		}}
		config.Exclude = []receiver.SelectorConfig{{Environment: map[string]string{"ROLE": "sidecar*"}}}
	})
	excluded := targettest.Start(t, binary, targettest.Env("ROLE=sidecar-1"))
	configured := targettest.Start(t, binary, targettest.Env("ROLE=main"))
	declared := targettest.Start(t, binary, targettest.Env("OTEL_SERVICE_NAME=own", "OTEL_RESOURCE_ATTRIBUTES=team=search,zone=a%20b"))
	for x, want := range map[*targettest.Target]map[string]any{
		configured: {"service.name": "checkout", "team": "payments"},
		declared:   {"service.name": "own", "team": "search", "zone": "a b"},
	} {
		c.waitTraced(x)
		get(t, excluded, "/ok")
		get(t, x, "/ok")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		assert.Subset(t, spans[0].place.Resource().Attributes().AsRaw(), want)
		c.nothingElseServed(x)
	}
	assert.Zero(t, traps(t, excluded))
	assert.Empty(t, c.take(excluded.PID()))
}

// A target may see another file system and other process numbers than the collector.
func TestContainer(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, targettest.Build{Program: "httpserver", Go: "1.25", Strip: true, PIE: true})
	const inside = "/srv/shop/bin/server"
	c := startCollector(t, func(config *receiver.Config) { config.Targets[0].Executable = "/srv/*/bin/*" })
	for range 2 { // of one image
		x := c.startBinary(binary, targettest.Container(inside), targettest.PIDNamespace(), targettest.NetworkNamespace())
		get(t, x, "/ok")
		spans := c.next(x, 1)
		require.Len(t, spans, 1)
		assert.Subset(t, spans[0].place.Resource().Attributes().AsRaw(), map[string]any{
			"process.executable.path": inside, "process.executable.name": "server", "process.pid": int64(x.PID()), "process.vpid": int64(1),
		})
		c.nothingElseServed(x)
	}
}

// Of many processes of one executable, those that are no targets do not pay: no trap is put into them.
func TestOneProcessOfMany(t *testing.T) {
	t.Parallel()
	binary := copyBinary(t, lifecycleBuild)
	var others []*targettest.Target
	for range 3 {
		others = append(others, targettest.Start(t, binary))
	}
	x := targettest.Start(t, binary)
	c := startCollector(t, targets(receiver.SelectorConfig{PIDs: []int{x.PID()}}))
	c.waitTraced(x)
	others = append(others, targettest.Start(t, binary))
	for _, other := range others {
		get(t, other, "/ok")
		assert.Zero(t, traps(t, other))
	}
	assert.Positive(t, traps(t, x))
	get(t, x, "/ok")
	assert.Len(t, c.next(x, 1), 1)
	c.nothingElseServed(x)
	for _, other := range others {
		assert.Empty(t, c.take(other.PID()))
	}
}
