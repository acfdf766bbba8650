// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// flush hands the batch of a session on. Only the reader's goroutine calls it.
func (s *Session) flush() {
	b := s.batch
	if b.spans == 0 {
		return
	}
	for _, count := range b.counts {
		if count.n > 0 {
			s.options.Telemetry.Spans(count.instrumentation, count.n)
		}
	}
	b.leave()
	if !s.options.Deliver(b.traces, b.spans) {
		s.options.Telemetry.Lost(events.LossQueueFull, int64(b.spans))
	}
	s.batch = newBatch()
}

// flushOld hands the batch on if its first span has waited long enough.
func (s *Session) flushOld(now time.Time) {
	if s.batch.spans > 0 && now.Sub(s.batch.since) >= s.options.Timeout {
		s.flush()
	}
}
