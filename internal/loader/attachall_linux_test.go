// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// openCopy returns a copy of httpserver, so that no other test attaches to the same file, with a
// reader of the ring buffer.
func openCopy(t *testing.T, l *Loader) (*os.File, *ringbuf.Reader) {
	path := t.TempDir() + "/httpserver"
	require.NoError(t, targettest.CopyExecutable(targettest.Binary(t, targettest.Build{Program: "httpserver"}), path))
	file, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	ring, err := ringbuf.NewReader(l.Events())
	require.NoError(t, err)
	t.Cleanup(func() { ring.Close() })
	return file, ring
}

// TestAttachToAllProcesses: with pid 0, processes that run already and those that start later
// have the probes, also when the file has lost its name; who is traced is a matter of the maps.
func TestAttachToAllProcesses(t *testing.T) {
	l := load(t, catalog.Libraries()...)
	file, ring := openCopy(t, l)
	before := targettest.Start(t, file.Name())
	probes := describe(t, l, file, 3)
	attachment, err := l.Attach(file, 3, probes, 0)
	require.NoError(t, err)
	after := targettest.Start(t, file.Name())
	require.NoError(t, os.Remove(file.Name()))

	span := []events.Type{events.TypeStart, events.TypeEnd}
	get(t, before.URL()+"/ok")
	get(t, after.URL()+"/ok")
	assert.Empty(t, read(t, ring), "neither is a target")

	require.NoError(t, l.Trace(uint32(before.PID()), 3, 0, 0))
	get(t, before.URL()+"/ok")
	get(t, after.URL()+"/ok")
	assert.Equal(t, span, read(t, ring), "one is")

	require.NoError(t, l.TraceAll(3, true, 0))
	get(t, before.URL()+"/ok")
	assert.Equal(t, span, read(t, ring))
	get(t, after.URL()+"/ok")
	assert.Equal(t, span, read(t, ring))

	require.NoError(t, l.Trace(uint32(after.PID()), 4, 0, 0))
	get(t, after.URL()+"/ok")
	assert.Empty(t, read(t, ring), "it is traced as another binary")

	require.NoError(t, attachment.Close())
	require.NoError(t, attachment.Close(), "again")
	get(t, before.URL()+"/ok")
	assert.Empty(t, read(t, ring), "detached")
}

// TestAttachAllOrNone: what was attached before a failure is taken out again.
func TestAttachAllOrNone(t *testing.T) {
	for name, multi := range map[string]bool{"uprobe_multi": true, "perf_event": false} {
		t.Run(name, func(t *testing.T) {
			l, err := loadFor(catalog.Libraries(), multi)
			require.NoError(t, err)
			defer l.Close()
			file, ring := openCopy(t, l)
			target := targettest.Start(t, file.Name())
			require.NoError(t, l.Trace(uint32(target.PID()), 3, 0, 0))
			probes := describe(t, l, file, 3)

			unknown := append(slices.Clone(probes), probes[0])
			unknown[len(probes)].Program = "nowhere"
			_, err = l.Attach(file, 3, unknown, target.PID())
			assert.ErrorContains(t, err, "attach nowhere: no such program")

			outside := slices.Clone(probes)
			outside[len(outside)-1].Site.Offset = 1 << 40
			_, err = l.Attach(file, 3, outside, target.PID())
			assert.ErrorContains(t, err, "attach "+outside[len(outside)-1].Program)

			get(t, target.URL()+"/ok")
			assert.Empty(t, read(t, ring))
		})
	}
}
