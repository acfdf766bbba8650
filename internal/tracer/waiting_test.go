// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

func newWaiting() *waiting { return &waiting{processes: map[uint32]*waitingProcess{}} }

func TestWaitingIsBounded(t *testing.T) {
	w, now := newWaiting(), time.Time{}
	header := func(tgid uint32) events.Header { return events.Header{Type: events.TypeStart, TGID: tgid} }
	for tgid := range uint32(maxWaitingPIDs) {
		assert.True(t, w.add(header(tgid), []byte{1}, now))
	}
	assert.False(t, w.add(header(maxWaitingPIDs), []byte{1}, now), "too many processes")
	for range maxWaiting - 1 {
		assert.True(t, w.add(header(0), []byte{1}, now))
	}
	assert.False(t, w.add(header(0), []byte{1}, now), "too many records of a process")

	large := make([]byte, 1<<20)
	added := 0
	for w.add(header(1), large, now) {
		added++
	}
	assert.Equal(t, maxWaitingBytes/len(large)-1, added, "too many bytes: some were used already")
	assert.LessOrEqual(t, w.bytes, maxWaitingBytes)

	records, complete := w.take(1)
	assert.Len(t, records, added+1)
	assert.False(t, complete)
	records, complete = w.take(2)
	assert.Len(t, records, 1)
	assert.True(t, complete)
	records, complete = w.take(2)
	assert.Empty(t, records)
	assert.True(t, complete)
	assert.Equal(t, maxWaiting+maxWaitingPIDs-3, w.bytes)
}

func TestWaitingExpires(t *testing.T) {
	w, now := newWaiting(), time.Unix(1000, 0)
	w.add(events.Header{Type: events.TypeStart, TGID: 1}, []byte{1}, now)
	w.add(events.Header{Type: events.TypeEnd, TGID: 1}, []byte{1}, now)
	w.add(events.Header{Type: events.TypeStart, TGID: 1}, []byte{1}, now.Add(waitingTime)) // the first one counts
	w.add(events.Header{Type: events.TypeStart, TGID: 2}, []byte{1}, now.Add(1))
	assert.Zero(t, w.expire(now.Add(waitingTime)))
	assert.EqualValues(t, 2, w.expire(now.Add(waitingTime+1)), "spans that were begun")
	assert.Equal(t, 1, w.bytes)
	assert.EqualValues(t, 1, w.expire(now.Add(waitingTime+2)))
	assert.Empty(t, w.processes)
	assert.Zero(t, w.bytes)
}
