// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

func resolveConnections(t *testing.T, path string) (ConnectionLayout, gobinary.Layout) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	f, err := gobinary.Open(file)
	require.NoError(t, err)
	layout, fields, missing, err := ResolveConnections(f)
	require.NoError(t, err)
	assert.Empty(t, missing)
	return layout, fields
}

// TestResolveConnections: the offsets are those of net/fd_posix.go and internal/poll/fd_unix.go
// of each version.
func TestResolveConnections(t *testing.T) {
	for _, version := range targettest.Versions() {
		t.Run(version, func(t *testing.T) {
			layout, fields := resolveConnections(t, targettest.Binary(t, targettest.Build{Program: "httpclient", Go: version, Strip: true}))
			assert.NotEmpty(t, fields)
			assert.NotZero(t, layout.TypeTCP)
			assert.NotZero(t, layout.TypeTLS)
			assert.Zero(t, layout.TypeRaw, "it has no gRPC")
			assert.Zero(t, layout.TCPFD)
			assert.Equal(t, uint16(16), layout.FDNumber, "behind fdmu")
			assert.Equal(t, layout.FDLocal+16, layout.FDRemote)
			assert.Zero(t, layout.AddressIP)
			assert.Equal(t, uint16(24), layout.AddressPort, "behind a slice")
			assert.Zero(t, layout.TLSInner)
		})
	}
}

// TestResolveConnectionsOfGRPC: its connections have another one around them.
func TestResolveConnectionsOfGRPC(t *testing.T) {
	layout, _ := resolveConnections(t, targettest.Binary(t, targettest.Build{Program: "grpcclient"}))
	assert.NotZero(t, layout.TypeRaw)
	assert.Zero(t, layout.RawInner)
}
