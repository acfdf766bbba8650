// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

const benchmarkRing = 8 << 20 // as loader.RingBytes

// BenchmarkRing makes spans of what is in a ring buffer. The time that the kernel takes to
// fill it, from one processor, is counted apart.
func BenchmarkRing(b *testing.B) {
	for _, usual := range usualSpans(b, benchmarkPID) {
		start, end := usual.records(0)
		b.Run(usual.kind, func(b *testing.B) {
			r := newFilledRing(b, start, end)
			made, err := newReader(r.Map)
			require.NoError(b, err)
			defer made.ring.Close()
			a, session, spans := newCounting(b)
			made.round, made.record = a.clock.Look, a.event
			most := benchmarkRing / (len(start) + len(end) + 2*8 + 2*7) // with headers and padding

			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			b.ResetTimer()
			before, filling := processorTime(b), time.Duration(0)
			for left := b.N; left > 0; {
				n := min(left, most)
				b.StopTimer()
				filling -= usage(b, unix.RUSAGE_THREAD)
				r.write(b, n)
				filling += usage(b, unix.RUSAGE_THREAD)
				b.StartTimer()
				made.drain()
				left -= n
			}
			session.flush()
			b.ReportMetric(float64(processorTime(b)-before-filling)/float64(b.N), "cpu-ns/span")
			b.ReportMetric(float64(filling)/float64(b.N), "filling-ns/span")
			require.Equal(b, b.N, *spans)
		})
	}
}

// drain reads all that is in the ring buffer.
func (r *reader) drain() {
	for state := events.More; state == events.More; {
		r.round()
		state = r.ring.Read(checkEvery, r.record)
	}
}

// newFilledRing returns a ring buffer with a program that writes two records to it.
func newFilledRing(t testing.TB, start, end []byte) ring {
	t.Helper()
	events, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.RingBuf, MaxEntries: benchmarkRing})
	require.NoError(t, err)
	t.Cleanup(func() { events.Close() })
	both := append(append([]byte{}, start...), end...)
	records, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: uint32(len(both)), MaxEntries: 1})
	require.NoError(t, err)
	t.Cleanup(func() { records.Close() })
	require.NoError(t, records.Put(uint32(0), both))
	const noWakeup = 1 // BPF_RB_NO_WAKEUP
	output := func(offset, length int) asm.Instructions {
		return asm.Instructions{
			asm.LoadMapPtr(asm.R1, events.FD()),
			asm.Mov.Reg(asm.R2, asm.R6),
			asm.Add.Imm(asm.R2, int32(offset)),
			asm.Mov.Imm(asm.R3, int32(length)),
			asm.Mov.Imm(asm.R4, noWakeup),
			asm.FnRingbufOutput.Call(),
		}
	}
	instructions := asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, records.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Reg(asm.R6, asm.R0),
	}
	instructions = append(instructions, output(0, len(start))...)
	instructions = append(instructions, output(len(start), len(end))...)
	instructions = append(instructions, asm.Return().WithSymbol("out"))
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: instructions})
	require.NoError(t, err)
	t.Cleanup(func() { program.Close() })
	return ring{events, program}
}
