// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"bytes"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

const (
	maxWaiting      = 4096 // records of one process
	maxWaitingPIDs  = 1024
	maxWaitingBytes = 64 << 20 // of all processes
	waitingTime     = 10 * time.Second
)

// waiting keeps the events of processes that are not known yet.
type waiting struct {
	processes map[uint32]*waitingProcess // by thread group id
	bytes     int
}

type waitingProcess struct {
	since      time.Time
	records    [][]byte
	bytes      int
	starts     int64
	incomplete bool // there was no room for some of its records
}

// add keeps a copy of a record. It returns false when there is no room.
func (w *waiting) add(header events.Header, record []byte, now time.Time) bool {
	p, ok := w.processes[header.TGID]
	if !ok {
		if len(w.processes) >= maxWaitingPIDs {
			return false
		}
		p = &waitingProcess{since: now}
		w.processes[header.TGID] = p
	}
	if len(p.records) >= maxWaiting || w.bytes+len(record) > maxWaitingBytes {
		p.incomplete = true
		return false
	}
	p.records = append(p.records, bytes.Clone(record))
	p.bytes += len(record)
	w.bytes += len(record)
	if header.Type == events.TypeStart {
		p.starts++
	}
	return true
}

// take returns the records of a process that has become known, and whether that is all
// of them.
func (w *waiting) take(tgid uint32) (records [][]byte, complete bool) {
	p, ok := w.processes[tgid]
	if !ok {
		return nil, true
	}
	w.remove(tgid, p)
	return p.records, !p.incomplete
}

// expire drops what has waited for too long and returns how many spans that were.
func (w *waiting) expire(now time.Time) int64 {
	var lost int64
	for tgid, p := range w.processes {
		if now.Sub(p.since) > waitingTime {
			lost += p.starts
			w.remove(tgid, p)
		}
	}
	return lost
}

func (w *waiting) remove(tgid uint32, p *waitingProcess) {
	delete(w.processes, tgid)
	w.bytes -= p.bytes
}
