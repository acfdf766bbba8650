// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// TestAttach probes a process through both kinds of links that kernels have.
func TestAttach(t *testing.T) {
	for name, multi := range map[string]bool{"uprobe_multi": true, "perf_event": false} {
		t.Run(name, func(t *testing.T) {
			target := targettest.Start(t, targettest.Binary(t, targettest.Build{Program: "httpserver"}))
			file, err := os.Open(fmt.Sprintf("/proc/%d/exe", target.PID()))
			require.NoError(t, err)
			defer file.Close()

			l, err := loadFor(catalog.Libraries(), multi)
			require.NoError(t, err)
			defer l.Close()
			ring, err := ringbuf.NewReader(l.Events())
			require.NoError(t, err)
			defer ring.Close()
			probes := describe(t, l, file, 7)
			require.NoError(t, l.Trace(uint32(target.PID()), 7, 0, 0))

			attachment, err := l.Attach(file, 7, probes, target.PID())
			require.NoError(t, err)
			get(t, target.URL()+"/ok")
			assert.Equal(t, []events.Type{events.TypeStart, events.TypeEnd}, read(t, ring))
			require.NoError(t, attachment.Close())

			get(t, target.URL()+"/ok")
			assert.Empty(t, read(t, ring), "detached")
		})
	}
}

// describe tells the kernel side about a binary and returns the probes of its server.
func describe(t *testing.T, l *Loader, file *os.File, index uint16) []instrument.Probe {
	f, err := gobinary.Open(file)
	require.NoError(t, err)
	runtime, _, missing, err := ResolveRuntime(f)
	require.NoError(t, err)
	assert.Empty(t, missing)
	b := Binary{Runtime: runtime, Layouts: map[string]any{}}
	var probes []instrument.Probe
	for _, library := range catalog.Libraries() {
		plan, err := library.Plan(f)
		require.NoError(t, err)
		if plan.Layout != nil {
			b.Layouts[library.LayoutMap()] = plan.Layout
		}
		for _, probe := range plan.Probes {
			if probe.Instrumentation == "net_http_server" {
				probes = append(probes, probe)
			}
		}
	}
	require.NoError(t, l.AddBinary(index, b))
	return probes
}

func get(t *testing.T, url string) {
	response, err := http.Get(url)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
}

// read returns the types of the events that are in the ring buffer.
func read(t *testing.T, ring *ringbuf.Reader) []events.Type {
	var types []events.Type
	ring.SetDeadline(time.Now())
	for {
		record, err := ring.Read()
		if err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return types
		}
		header, err := events.DecodeHeader(record.RawSample)
		require.NoError(t, err)
		types = append(types, header.Type)
	}
}
