// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hangGuard is how long a test waits for what must happen.
const hangGuard = 20 * time.Second

// change is one call of a Handler.
type change struct {
	process *Process
	entry   int // -1 for the end
	at      time.Time
}

// watch is a running Watcher and what it reported.
type watch struct {
	*Watcher
	t    testing.TB
	end  func() // ends the Watcher and waits for it
	mu   sync.Mutex
	seen []change
}

func (w *watch) Started(p *Process, entry int) { w.add(change{p, entry, time.Now()}) }
func (w *watch) Exited(p *Process)             { w.add(change{p, -1, time.Now()}) }

func (w *watch) add(c change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, c)
}

// changes returns what was reported of a pid so far, in order; of all for 0.
func (w *watch) changes(pid int) []change {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []change
	for _, c := range w.seen {
		if pid == 0 || c.process.PID == pid {
			found = append(found, c)
		}
	}
	return found
}

// await waits until so many changes of a pid were reported, and returns them.
func (w *watch) await(pid, count int) []change {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return len(w.changes(pid)) >= count }, hangGuard, time.Millisecond)
	changes := w.changes(pid)
	require.Len(w.t, changes, count)
	return changes
}

// run starts a Watcher over the machine's processes.
func run(t testing.TB, config Config) *watch {
	t.Helper()
	watcher, err := New(config)
	require.NoError(t, err)
	w := &watch{Watcher: watcher, t: t}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- watcher.Run(ctx, w) }()
	w.end = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			assert.NoError(t, err)
		case <-time.After(hangGuard):
			t.Error("Run does not end")
		}
	})
	t.Cleanup(w.end)
	return w
}

// execs opens the kernel's exec events.
func execs(t testing.TB) ExecSource {
	t.Helper()
	source, err := OpenExecs()
	require.NoError(t, err)
	return source
}

// eventsAlone is a poll interval at which nothing is found by the poll.
const eventsAlone = time.Hour
