// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// keeping is the map of that name, enum keeping in bpf/include/goroutine.h.
type keeping struct{ kept, released, forgotten, refused uint64 }

// keepingOf reads the map of a collector's process.
func keepingOf(t require.TestingT, pid int) (k keeping) {
	m := mapOf(t, pid, "keeping")
	defer m.Close()
	for i, count := range []*uint64{&k.kept, &k.released, &k.forgotten, &k.refused} {
		require.NoError(t, m.Lookup(uint32(i), count))
	}
	return k
}

// mapOf finds a BPF map that a process has open by its name.
func mapOf(t require.TestingT, pid int, name string) *ebpf.Map {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // closed since
		}
		_, rest, found := bytes.Cut(content, []byte("map_id:\t"))
		if !found {
			continue
		}
		number, _, _ := bytes.Cut(rest, []byte("\n"))
		id, err := strconv.ParseUint(string(number), 10, 32)
		require.NoError(t, err)
		m, err := ebpf.NewMapFromID(ebpf.MapID(id))
		if err != nil {
			continue // freed since
		}
		if info, err := m.Info(); err == nil && info.Name == name {
			return m
		}
		m.Close()
	}
	require.Failf(t, "no map", "process %d has no map %s", pid, name)
	return nil
}

// The state of a connection's goroutine is kept from request to request, and let go with the connection, however that
// ends, and with the process.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	const connections, closed = 30, 12
	build := loadBuilds[len(loadBuilds)-1]
	mark := fmt.Sprintf("kept-%d", os.Getpid())
	x := targettest.Start(t, targettest.Binary(t, build), targettest.Env(markVariable+"="+mark))
	pid := startProcess(t, mark).Process.Pid
	require.Eventually(t, func() bool { return traps(t, x) > 0 }, patience, interval)

	clients := make([]*http.Transport, connections)
	for i := range clients {
		clients[i] = &http.Transport{MaxConnsPerHost: 1}
		t.Cleanup(clients[i].CloseIdleConnections)
	}
	post := func(client *http.Transport, path string) {
		// No GET, which a Transport sends again over another connection when this one breaks.
		answer, err := (&http.Client{Transport: client}).Post(x.URL()+path, "", nil)
		if err != nil {
			return // as of a handler that panics
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusSwitchingProtocols { // what is hijacked goes on until it is closed
			_, _ = io.Copy(io.Discard, answer.Body)
		}
	}
	require.Eventually(t, func() bool {
		for _, client := range clients {
			post(client, "/ok")
		}
		return keepingOf(t, pid).kept == connections
	}, patience, interval)
	for range 3 {
		for _, client := range clients {
			post(client, "/ok")
		}
	}
	assert.Equal(t, keeping{kept: connections}, keepingOf(t, pid), "each connection once")

	ends := []string{"/panic", "/goexit", "/hijack", ""}
	for i, client := range clients[:closed] {
		if path := ends[i%len(ends)]; path != "" {
			post(client, path)
		}
		client.CloseIdleConnections()
	}
	expected := keeping{kept: connections, released: closed}
	require.Eventually(t, func() bool { return keepingOf(t, pid) == expected }, patience, interval, "connections that have ended are kept")

	x.Kill()
	expected.forgotten = connections - closed
	assert.Eventually(t, func() bool { return keepingOf(t, pid) == expected }, patience, interval, "the goroutines of a process that has ended are kept")
}
