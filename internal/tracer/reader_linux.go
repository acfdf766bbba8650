// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cilium/ebpf"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

const (
	// tick is how often the reader looks at the ring buffer by itself: the kernel side
	// wakes it only when much waits there.
	tick = 50 * time.Millisecond
	// chores is how often it compares the kernel side's counters with what it knows.
	chores = time.Second
	// checkEvery is how many records are read in a row before anything else is looked at.
	checkEvery = 128
	// busy is how long it waits for a record that is being written: whoever writes it was held up.
	busy = time.Millisecond
)

// reader reads the ring buffer and runs commands, on one goroutine.
type reader struct {
	ring   *events.Ring
	round  func() // before records are read, or commands run
	record func([]byte)
	tick   func(now time.Time)
	chores func(now time.Time)

	mu       sync.Mutex
	commands []command
	closed   bool // the ring buffer's memory is gone
	closing  atomic.Bool
	done     chan struct{}
}

// command runs when the reader has come as far as the ring buffer was filled at the time
// that it was given, so that it sees everything that happened before.
type command struct {
	after uint64
	run   func()
	done  chan struct{}
}

func newReader(m *ebpf.Map) (*reader, error) {
	ring, err := events.OpenRing(m)
	if err != nil {
		return nil, err
	}
	return &reader{ring: ring, done: make(chan struct{})}, nil
}

// run reads until close.
func (r *reader) run() {
	defer close(r.done)
	lastTick, lastChores := time.Now(), time.Now()
	for !r.closing.Load() {
		r.round()
		state := r.ring.Read(checkEvery, r.record)
		r.runCommands()
		now := time.Now()
		if now.Sub(lastTick) >= tick {
			lastTick = now
			r.tick(now)
		}
		if state == events.Drained && now.Sub(lastChores) >= chores {
			lastChores = now
			r.chores(now)
		}
		switch state {
		case events.Drained:
			r.ring.Wait(now.Add(tick))
		case events.Busy:
			r.ring.Wait(now.Add(busy))
		}
	}
}

// do runs a command on the reader's goroutine and waits for it. It returns false when the
// reader was closed.
func (r *reader) do(run func()) bool {
	c, ok := r.give(run)
	if !ok {
		return false
	}
	select {
	case <-c.done:
		return true
	case <-r.done:
		return false
	}
}

func (r *reader) give(run func()) (command, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return command{}, false
	}
	c := command{after: r.ring.Produced(), run: run, done: make(chan struct{})}
	r.commands = append(r.commands, c)
	r.ring.Wake()
	return c, true
}

// runCommands runs what is due.
func (r *reader) runCommands() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.commands) > 0 && r.ring.Consumed() >= r.commands[0].after {
		c := r.commands[0]
		c.run()
		close(c.done)
		r.commands = r.commands[1:]
	}
}

func (r *reader) close() error {
	r.closing.Store(true)
	r.ring.Wake()
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.ring.Close()
}
