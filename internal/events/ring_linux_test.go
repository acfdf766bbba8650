// SPDX-License-Identifier: Apache-2.0

package events

import (
	"encoding/binary"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newKernelRing returns a ring buffer of a page, and what writes to it n times: a record of twelve
// bytes, one that is discarded, and wakes the reader or not.
func newKernelRing(t *testing.T) (r *Ring, write func(n int, wake bool)) {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: uint32(os.Getpagesize())})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	const noWakeup, forceWakeup = 1, 2 // BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP
	program := func(flags int32) *ebpf.Program {
		program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: asm.Instructions{
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.Mov.Imm(asm.R2, 20),
			asm.Mov.Imm(asm.R3, 0),
			asm.FnRingbufReserve.Call(),
			asm.JEq.Imm(asm.R0, 0, "full"),
			asm.Mov.Reg(asm.R1, asm.R0),
			asm.Mov.Imm(asm.R2, noWakeup),
			asm.FnRingbufDiscard.Call(),
			asm.StoreImm(asm.RFP, -12, 0x1234, asm.Word),
			asm.StoreImm(asm.RFP, -8, 0, asm.Word),
			asm.StoreImm(asm.RFP, -4, 0x56, asm.Word),
			asm.LoadMapPtr(asm.R1, m.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -12),
			asm.Mov.Imm(asm.R3, 12),
			asm.Mov.Imm(asm.R4, flags),
			asm.FnRingbufOutput.Call(),
			asm.Return(),
			asm.Mov.Imm(asm.R0, 1).WithSymbol("full"),
			asm.Return(),
		}})
		require.NoError(t, err)
		t.Cleanup(func() { program.Close() })
		return program
	}
	programs := map[bool]*ebpf.Program{false: program(noWakeup), true: program(forceWakeup)}
	r, err = OpenRing(m)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r, func(n int, wake bool) {
		t.Helper()
		result, err := programs[wake].Run(&ebpf.RunOptions{Data: make([]byte, 64), Repeat: uint32(n)})
		require.NoError(t, err)
		require.Zero(t, result, "the last record had no room")
	}
}

// Records come whole and in order of the place that they have, however often the ring buffer was
// filled, and make room.
func TestRingOfKernel(t *testing.T) {
	r, write := newKernelRing(t)
	const bytes = 8 + 24 + 8 + 16 // of the record and of the discarded one
	total := 0
	for _, n := range []int{1, os.Getpagesize() / bytes, 30, os.Getpagesize() / bytes, 50, 0, 7} {
		if n > 0 {
			write(n, false)
		}
		total += n
		assert.EqualValues(t, total*bytes, r.Produced())
		read := 0
		assert.Equal(t, Drained, r.Read(1000, func(record []byte) {
			read++
			assert.Equal(t, []byte{0x34, 0x12, 0, 0, 0, 0, 0, 0, 0x56, 0, 0, 0}, record)
		}))
		assert.Equal(t, n, read)
		assert.Equal(t, r.Produced(), r.Consumed())
	}
}

func TestRingReadsNoMoreThanAsked(t *testing.T) {
	r, write := newKernelRing(t)
	write(3, false)
	read := 0
	for range 5 { // with those that are discarded
		assert.Equal(t, More, r.Read(1, func([]byte) { read++ }))
	}
	assert.Equal(t, 2, read)
	assert.Equal(t, Drained, r.Read(2, func([]byte) { read++ }))
	assert.Equal(t, 3, read)
}

// newRing returns a ring buffer of 64 bytes in memory of this process, with what was produced.
func newRing(produced, consumed uint64, headers map[int]uint32) *Ring {
	r := &Ring{data: make([]byte, 2*64), mask: 64 - 1, producer: &atomic.Uint64{}, consumer: &atomic.Uint64{}}
	r.producer.Store(produced)
	r.consumer.Store(consumed)
	for at, header := range headers {
		binary.NativeEndian.PutUint32(r.data[at:], header)
	}
	return r
}

func TestRead(t *testing.T) {
	for name, test := range map[string]struct {
		ring     *Ring
		most     int
		state    State
		lengths  []int
		consumed uint64
	}{
		"empty":            {newRing(640, 640, nil), 9, Drained, nil, 640},
		"one":              {newRing(16, 0, map[int]uint32{0: 3}), 9, Drained, []int{3}, 16},
		"no data":          {newRing(8, 0, map[int]uint32{0: 0}), 9, Drained, []int{0}, 8},
		"as many as asked": {newRing(16, 0, map[int]uint32{0: 3}), 1, More, []int{3}, 16},
		"being written":    {newRing(16, 0, map[int]uint32{0: recordBusy | 3}), 9, Busy, nil, 0},
		"second is being":  {newRing(32, 0, map[int]uint32{0: 8, 16: recordBusy | 8}), 9, Busy, []int{8}, 16},
		"discarded":        {newRing(32, 0, map[int]uint32{0: recordGone | 8, 16: 5}), 9, Drained, []int{5}, 32},
		"in two parts":     {newRing(64+16, 48, map[int]uint32{48: 24}), 9, Drained, []int{24}, 80},
	} {
		t.Run(name, func(t *testing.T) {
			var lengths []int
			state := test.ring.Read(test.most, func(record []byte) {
				assert.Equal(t, len(record), cap(record))
				lengths = append(lengths, len(record))
			})
			assert.Equal(t, test.state, state)
			assert.Equal(t, test.lengths, lengths)
			assert.Equal(t, test.consumed, test.ring.Consumed())
		})
	}
}

const never = time.Hour

func TestWait(t *testing.T) {
	for name, test := range map[string]struct {
		until  time.Duration
		before func(*Ring)
		during func(r *Ring, write func(n int, wake bool))
	}{
		"time":           {time.Millisecond, nil, nil},
		"past time":      {-time.Second, nil, nil},
		"woken before":   {never, (*Ring).Wake, nil},
		"woken":          {never, nil, func(r *Ring, _ func(int, bool)) { r.Wake() }},
		"by kernel side": {never, nil, func(_ *Ring, write func(int, bool)) { write(1, true) }},
	} {
		t.Run(name, func(t *testing.T) {
			r, write := newKernelRing(t)
			if test.before != nil {
				test.before(r)
			}
			returned := make(chan struct{})
			go func() {
				defer close(returned)
				r.Wait(time.Now().Add(test.until))
			}()
			for waiting := true; waiting; { // what wakes it may come before it waits
				if test.during != nil {
					test.during(r, write)
				}
				select {
				case <-returned:
					waiting = false
				case <-time.After(10 * time.Millisecond):
					r.drain()
				}
			}
		})
	}
}

// drain makes room, where the reader waits meanwhile.
func (r *Ring) drain() { r.consumer.Store(r.producer.Load()) }

// What nobody was to be told of wakes nobody.
func TestWaitIsNotWoken(t *testing.T) {
	r, write := newKernelRing(t)
	until := time.Now().Add(50 * time.Millisecond)
	write(1, false)
	r.Wait(until)
	assert.False(t, time.Now().Before(until))
}

func TestOpenRingOfAnotherMap(t *testing.T) {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	require.NoError(t, err)
	defer m.Close()
	_, err = OpenRing(m)
	assert.ErrorContains(t, err, "open the ring buffer: ")
}
