// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	defaultPoll = 10 * time.Second
	// portsInterval is how often candidates are asked for the ports they listen on.
	portsInterval = time.Second
	// lostDelay gathers what is lost in one storm of execs before all processes are
	// looked at.
	lostDelay = 50 * time.Millisecond
	// execQueue is how many exec events wait here; more wait in the ring buffer.
	execQueue = 1024
)

// Handler is told about targets, by one goroutine. While it works, the watcher
// waits.
type Handler interface {
	// Started reports a target. Entry is the index of the first selector of
	// Config.Targets that the process matched.
	Started(p *Process, entry int)
	// Exited reports that a target ended, executes another program now, or listens on
	// a port that is excluded. It gets the pointer that Started got.
	Exited(p *Process)
}

// Config says what to look for and where. A condition that cannot be read does not
// hold, also in Exclude, and the other selectors decide: who must be sure that a
// process is excluded names what can always be read, its executable.
type Config struct {
	Targets []Selector // a process that matches any is a target
	Exclude []Selector // and none of these
	// Poll is the time between two looks at all processes, 10 s if zero.
	Poll time.Duration
	// ProcFS is the proc file system of the host, /proc if empty.
	ProcFS string
	// Execs reports new processes. Without it they are found by the poll. The watcher
	// closes it at the end of Run.
	Execs  ExecSource
	Logger *zap.Logger // nil for none
}

// Watcher finds the Go processes that selectors ask for.
type Watcher struct {
	config  Config
	files   procFS
	goFiles *goFiles
	counters
	withPorts bool        // any selector asks for ports
	listed    atomic.Bool // all processes were looked at once
	explained sync.Once   // why looks are denied

	handler Handler
	// processes holds every Go process that was looked at: targets, candidates, and
	// those of no interest, so that they are not read again and again.
	processes map[int]*tracked
	mu        sync.Mutex // for changes of processes, and for readExecs, which is beside Run
	exits     chan *tracked
	running   sync.WaitGroup
}

// New checks the selectors.
func New(config Config) (*Watcher, error) {
	if len(config.Targets) == 0 {
		return nil, errors.New("targets: none given")
	}
	for i := range config.Targets {
		if err := config.Targets[i].Validate(); err != nil {
			return nil, fmt.Errorf("targets[%d]: %w", i, err)
		}
	}
	for i := range config.Exclude {
		if err := config.Exclude[i].Validate(); err != nil {
			return nil, fmt.Errorf("exclude[%d]: %w", i, err)
		}
	}
	if config.Poll <= 0 {
		config.Poll = defaultPoll
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	w := &Watcher{
		config:    config,
		files:     procFS(config.ProcFS),
		processes: map[int]*tracked{},
		exits:     make(chan *tracked),
	}
	w.goFiles = newGoFiles(w.files, &w.counters)
	hasPorts := func(s Selector) bool { return len(s.Ports) > 0 }
	w.withPorts = slices.ContainsFunc(config.Targets, hasPorts) || slices.ContainsFunc(config.Exclude, hasPorts)
	return w, nil
}

// Stats returns the counts so far. It may be called at any time.
func (w *Watcher) Stats() Stats { return w.stats() }

// Run reports targets until ctx ends; what runs then is not reported to have
// exited. It fails at once when there is no proc file system. It may be called once.
func (w *Watcher) Run(ctx context.Context, h Handler) error {
	w.handler = h
	ctx, cancel := context.WithCancel(ctx)
	defer w.release()
	defer cancel()

	// Events are read before the first look at all processes, so that none is missed.
	execs, lost := w.readExecs(ctx)
	if err := w.scan(ctx); err != nil {
		return fmt.Errorf("list processes: %w", err)
	}
	w.listed.Store(true)
	w.explainDenied()
	poll := time.NewTicker(w.config.Poll)
	defer poll.Stop()
	var ports <-chan time.Time
	if w.withPorts {
		ticker := time.NewTicker(portsInterval)
		defer ticker.Stop()
		ports = ticker.C
	}
	pollSoon := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case pid := <-execs:
			w.examined(w.look(ctx, pid, &portTables{files: w.files}))
		case t := <-w.exits:
			w.forget(t)
		case <-lost:
			if !pollSoon {
				pollSoon = true
				poll.Reset(lostDelay)
			}
		case <-poll.C:
			pollSoon = false
			poll.Reset(w.config.Poll)
			if err := w.scan(ctx); err != nil {
				w.failed.Add(1)
			}
		case <-ports:
			w.askPorts()
		}
	}
}

// readExecs passes on the exec events that concern us, until the source is closed or
// fails.
func (w *Watcher) readExecs(ctx context.Context) (<-chan int, <-chan struct{}) {
	execs := make(chan int, execQueue)
	lost := make(chan struct{}, 1)
	if w.config.Execs == nil {
		return execs, lost
	}
	w.running.Go(func() {
		for {
			pid, err := w.config.Execs.Read()
			var missing LostExecs
			if errors.As(err, &missing) {
				w.execsLost.Add(uint64(missing))
				select {
				case lost <- struct{}{}:
				default: // all processes are going to be looked at anyway
				}
			} else if err != nil {
				if !errors.Is(err, os.ErrClosed) {
					w.config.Logger.Warn("new processes are found late, by polling alone",
						zap.Error(err), zap.Duration("interval", w.config.Poll))
				}
				return
			}
			w.execs.Add(1)
			if !w.concerns(pid) {
				continue
			}
			select {
			case execs <- pid:
			case <-ctx.Done():
				return
			}
		}
	})
	return execs, lost
}

// concerns tells whether a process that executed a program needs a look. Most do not,
// and to wake the goroutine of Run costs more than all else that is done for them.
func (w *Watcher) concerns(pid int) bool {
	w.mu.Lock()
	known := w.processes[pid] != nil
	w.mu.Unlock()
	if known {
		return true
	}
	_, isGo, err := w.goFiles.inspect(pid)
	w.examined(err)
	return err == nil && isGo
}

// examined counts what came of an exec event.
func (w *Watcher) examined(err error) {
	if errors.Is(err, errGone) {
		w.gone.Add(1)
	}
	w.failure(err)
}

// scan looks at all processes, and forgets those that are no more.
func (w *Watcher) scan(ctx context.Context) error {
	pids, err := w.files.pids()
	if err != nil {
		return err
	}
	present := make(map[int]bool, len(pids))
	tables := &portTables{files: w.files}
	for _, pid := range pids {
		if ctx.Err() != nil {
			return nil
		}
		present[pid] = true
		w.failure(w.look(ctx, pid, tables))
	}
	for pid, t := range w.processes {
		if !present[pid] {
			w.forget(t)
		}
		t.foreign = nil // sockets can be handed to another process
	}
	return nil
}

// askPorts decides about the processes that match but for their ports.
func (w *Watcher) askPorts() {
	tables := &portTables{files: w.files}
	for _, t := range w.processes {
		if t.undecided() {
			w.decide(t, tables)
		}
	}
}

// release ends all that runs beside Run.
func (w *Watcher) release() {
	if w.config.Execs != nil {
		if err := w.config.Execs.Close(); err != nil {
			w.config.Logger.Warn("watching for new processes could not be ended", zap.Error(err))
		}
	}
	for _, t := range w.processes {
		t.close()
	}
	w.running.Wait()
}
