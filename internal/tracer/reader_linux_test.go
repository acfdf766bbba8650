// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// ring is a ring buffer with a program that writes records to it, which wakes nobody up.
type ring struct {
	*ebpf.Map
	program *ebpf.Program
}

func newRing(t testing.TB) ring {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: 1 << 20})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	const noWakeup = 1 // BPF_RB_NO_WAKEUP
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.SocketFilter,
		Instructions: asm.Instructions{
			asm.StoreImm(asm.RFP, -8, 0x1234, asm.Word),
			asm.StoreImm(asm.RFP, -4, 0, asm.Word),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -8),
			asm.Mov.Imm(asm.R3, 8),
			asm.Mov.Imm(asm.R4, noWakeup),
			asm.FnRingbufOutput.Call(),
			asm.Return(),
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { program.Close() })
	return ring{m, program}
}

// write runs the program n times.
func (r ring) write(t testing.TB, n int) {
	t.Helper()
	result, err := r.program.Run(&ebpf.RunOptions{Data: make([]byte, 64), Repeat: uint32(n)})
	require.NoError(t, err)
	require.Zero(t, result, "the last record had no room")
}

// start runs a reader that counts records.
func (r ring) start(t *testing.T) (*reader, *atomic.Int64) {
	t.Helper()
	made, err := newReader(r.Map)
	require.NoError(t, err)
	var seen atomic.Int64
	made.record = func(record []byte) {
		assert.Equal(t, []byte{0x34, 0x12, 0, 0, 0, 0, 0, 0}, record)
		seen.Add(1)
	}
	made.round, made.tick, made.chores = func() {}, func(time.Time) {}, func(time.Time) {}
	go made.run()
	t.Cleanup(func() { made.close() })
	return made, &seen
}

// A command runs when all that was written before it has been read, though nothing woke the
// reader.
func TestCommandsSeeWhatWasBefore(t *testing.T) {
	r := newRing(t)
	reader, seen := r.start(t)
	for _, n := range []int{1, 0, checkEvery, 10*checkEvery + 3} {
		before := seen.Load()
		if n > 0 {
			r.write(t, n)
		}
		ran := false
		assert.True(t, reader.do(func() {
			ran = true
			assert.GreaterOrEqual(t, seen.Load(), before+int64(n))
		}))
		assert.True(t, ran)
	}
}

// Under load the ring buffer is never empty: commands run all the same.
func TestCommandsUnderLoad(t *testing.T) {
	r := newRing(t)
	reader, seen := r.start(t)
	var written atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if result, err := r.program.Run(&ebpf.RunOptions{Data: make([]byte, 64)}); !assert.NoError(t, err) || result != 0 {
				continue // no room, for once
			}
			written.Add(1)
		}
	}()
	order := 0
	for i := range 20 {
		before := written.Load()
		assert.True(t, reader.do(func() {
			assert.GreaterOrEqual(t, seen.Load(), before)
			assert.Equal(t, i, order)
			order++
		}))
	}
	close(stop)
	<-stopped
	assert.True(t, reader.do(func() { assert.Equal(t, written.Load(), seen.Load()) }))
}

// TestDueCommands: of a ring buffer that is never drained, a command waits for as much as was
// in it.
func TestDueCommands(t *testing.T) {
	r := newRing(t)
	reader, err := newReader(r.Map)
	require.NoError(t, err)
	defer reader.ring.Close()
	ran := 0
	give := func() {
		_, ok := reader.give(func() { ran++ })
		assert.True(t, ok)
	}
	read := func(n int) {
		assert.Equal(t, events.More, reader.ring.Read(n, func([]byte) {}))
		reader.runCommands()
	}
	r.write(t, 3)
	give()
	read(2)
	assert.Zero(t, ran)
	r.write(t, 1)
	give()
	read(1)
	assert.Equal(t, 1, ran, "the second one came later")
	read(1)
	assert.Equal(t, 2, ran)
	assert.Empty(t, reader.commands)
}

func TestReaderTicks(t *testing.T) {
	r := newRing(t)
	reader, err := newReader(r.Map)
	require.NoError(t, err)
	ticks, chores := make(chan int, 1), make(chan struct{}, 1)
	seen := 0
	reader.round = func() {}
	reader.record = func([]byte) { seen++ }
	reader.tick = func(time.Time) {
		select {
		case ticks <- seen:
		default:
		}
	}
	reader.chores = func(time.Time) {
		select {
		case chores <- struct{}{}:
		default:
		}
	}
	go reader.run()
	defer reader.close()
	r.write(t, 5)
	for <-ticks < 5 { // the reader looks by itself
	}
	<-chores
}

func TestClosedReader(t *testing.T) {
	r := newRing(t)
	reader, _ := r.start(t)
	running, release := make(chan struct{}), make(chan struct{})
	first, second := make(chan bool), make(chan bool)
	go func() { first <- reader.do(func() { close(running); <-release }) }()
	<-running
	closed := make(chan error)
	go func() { closed <- reader.close() }()
	close(release)
	assert.True(t, <-first)
	assert.NoError(t, <-closed)
	go func() { second <- reader.do(func() { assert.Fail(t, "it ran after the end") }) }()
	assert.False(t, <-second)
}
