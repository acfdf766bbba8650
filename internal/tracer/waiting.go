// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"bytes"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

const (
	maxWaiting     = 4096 // records of one process
	maxWaitingPIDs = 1024
	waitingTime    = 10 * time.Second
)

// waiting keeps the events of processes that are not known yet, by thread group id.
type waiting map[uint32]*waitingProcess

type waitingProcess struct {
	since   time.Time
	records [][]byte
	starts  int64
}

// add keeps a copy of a record. It returns false when there is no room.
func (w waiting) add(header events.Header, record []byte, now time.Time) bool {
	p, ok := w[header.TGID]
	if !ok {
		if len(w) >= maxWaitingPIDs {
			return false
		}
		p = &waitingProcess{since: now}
		w[header.TGID] = p
	}
	if len(p.records) >= maxWaiting {
		return false
	}
	p.records = append(p.records, bytes.Clone(record))
	if header.Type == events.TypeStart {
		p.starts++
	}
	return true
}

// take returns the records of a process that has become known.
func (w waiting) take(tgid uint32) [][]byte {
	p, ok := w[tgid]
	if !ok {
		return nil
	}
	delete(w, tgid)
	return p.records
}

// expire drops what has waited for too long and returns how many spans that were.
func (w waiting) expire(now time.Time) int64 {
	var lost int64
	for tgid, p := range w {
		if now.Sub(p.since) > waitingTime {
			lost += p.starts
			delete(w, tgid)
		}
	}
	return lost
}
