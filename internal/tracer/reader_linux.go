// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

const (
	// tick is how often the reader looks at the ring buffer by itself: the kernel side
	// wakes it only when much waits there.
	tick = 50 * time.Millisecond
	// chores is how often it compares the kernel side's counters with what it knows.
	chores = time.Second
	// checkEvery is how many records are read in a row before anything else is looked at.
	checkEvery = 128
)

// reader reads the ring buffer and runs commands, on one goroutine.
type reader struct {
	ring     *ringbuf.Reader
	record   func([]byte)
	tick     func(now time.Time)
	chores   func(now time.Time)
	consumed uint64 // bytes, with the ring buffer's own headers

	mu       sync.Mutex
	commands []command
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
	ring, err := ringbuf.NewReader(m)
	if err != nil {
		return nil, fmt.Errorf("open the ring buffer: %w", err)
	}
	return &reader{ring: ring, done: make(chan struct{})}, nil
}

// run reads until close.
func (r *reader) run() {
	defer close(r.done)
	var record ringbuf.Record
	lastTick, lastChores := time.Now(), time.Now()
	for {
		r.ring.SetDeadline(time.Now().Add(tick))
		err := r.read(&record)
		if errors.Is(err, ringbuf.ErrClosed) {
			return
		}
		drained := err != nil
		r.runCommands(drained)
		now := time.Now()
		if now.Sub(lastTick) >= tick {
			lastTick = now
			r.tick(now)
		}
		if drained && now.Sub(lastChores) >= chores {
			lastChores = now
			r.chores(now)
		}
	}
}

// read reads some records. The error is that of the ring buffer: it was drained, or closed.
func (r *reader) read(record *ringbuf.Record) error {
	for range checkEvery {
		if err := r.ring.ReadInto(record); err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, ringbuf.ErrFlushed) {
				return ringbuf.ErrClosed
			}
			return err
		}
		r.consumed += uint64(len(record.RawSample)+7)/8*8 + 8
		r.record(record.RawSample)
	}
	return nil
}

// do runs a command on the reader's goroutine and waits for it. It returns false when the
// reader was closed.
func (r *reader) do(run func()) bool {
	c := command{run: run, done: make(chan struct{})}
	r.mu.Lock()
	r.commands = append(r.commands, c)
	r.mu.Unlock()
	if err := r.ring.Flush(); err != nil {
		return false
	}
	select {
	case <-c.done:
		return true
	case <-r.done:
		return false
	}
}

// runCommands runs what is due: all commands when the ring buffer was just drained, else
// those that were seen a whole ring buffer ago, for under load it is never empty.
func (r *reader) runCommands(drained bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.commands) > 0 {
		c := &r.commands[0]
		if c.after == 0 {
			c.after = r.consumed + uint64(r.ring.AvailableBytes())
		}
		if !drained && r.consumed < c.after {
			return
		}
		c.run()
		close(c.done)
		r.commands = r.commands[1:]
	}
}

func (r *reader) close() error {
	err := r.ring.Close()
	<-r.done
	return err
}
