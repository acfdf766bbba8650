// SPDX-License-Identifier: Apache-2.0

package clock

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	epochAtStart = int64(1_700_000_000_000_000_000)
	bootAtStart  = int64(5_000_000_000_000)
)

// machine is a set of clocks that move by hand.
type machine struct {
	wall, boot, monotonic int64

	delays []int64 // before each reading that follows, in nanoseconds; then none
	reads  int
}

func newMachine() *machine {
	return &machine{wall: epochAtStart, boot: bootAtStart, monotonic: 77}
}

func (m *machine) source() source {
	return source{
		boot: func() int64 { m.read(); return m.boot },
		now:  func() (int64, int64) { m.read(); return m.wall, m.monotonic },
	}
}

func (m *machine) read() {
	m.reads++
	if len(m.delays) > 0 {
		m.run(m.delays[0])
		m.delays = m.delays[1:]
	}
}

// run lets time pass.
func (m *machine) run(d int64) {
	m.wall += d
	m.boot += d
	m.monotonic += d
}

func TestEpoch(t *testing.T) {
	const millisecond, hour = int64(time.Millisecond), int64(time.Hour)
	for name, change := range map[string]func(*machine){
		"nothing":          func(*machine) {},
		"time passes":      func(m *machine) { m.run(hour) },
		"set forward":      func(m *machine) { m.wall += hour },
		"set back":         func(m *machine) { m.wall -= 3 * hour },
		"set a little":     func(m *machine) { m.wall += millisecond / 2 },
		"set within bound": func(m *machine) { m.wall += millisecond / 20 },
		"suspended":        func(m *machine) { m.wall += hour; m.boot += hour },
		"set in suspend":   func(m *machine) { m.wall += hour + millisecond; m.boot += hour },
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine()
			c := newClock(m.source())
			change(m)
			c.Look()
			got := c.Epoch(uint64(m.boot))
			assert.InDelta(t, 0, int64(got)-m.wall, float64(tolerance))
			assert.Equal(t, got, c.Epoch(uint64(m.boot)), "again")
		})
	}
}

// Many steps, each too small to be noticed, must not add up.
func TestSmallStepsAddUp(t *testing.T) {
	m := newMachine()
	c := newClock(m.source())
	for range 1000 {
		m.wall += int64(tolerance) / 3
		c.Look()
		assert.InDelta(t, 0, int64(c.Epoch(uint64(m.boot)))-m.wall, float64(tolerance))
	}
}

func TestSampleKeepsTheNarrowest(t *testing.T) {
	const held = int64(20 * time.Millisecond)
	m := newMachine()
	m.delays = []int64{
		0, 0, held, // three readings an attempt
		0, held, 0,
		0, 400, 600,
		held, held, held,
	}
	c := newClock(m.source())
	assert.Equal(t, 3*minAttempts, m.reads)
	// The last attempt is without any delay.
	assert.Equal(t, pcommon.Timestamp(m.wall), c.Epoch(uint64(m.boot)))
}

func TestSampleGoesOnWhileHeldUp(t *testing.T) {
	m := newMachine()
	for range 3 * 4 * minAttempts {
		m.delays = append(m.delays, int64(10*time.Millisecond))
	}
	c := newClock(m.source())
	assert.Equal(t, 3*(4*minAttempts+1), m.reads)
	assert.Equal(t, pcommon.Timestamp(m.wall), c.Epoch(uint64(m.boot)))
}

func TestLookReadsOnce(t *testing.T) {
	m := newMachine()
	c := newClock(m.source())
	m.reads = 0
	c.Look()
	assert.Equal(t, 1, m.reads)
	c.Epoch(1)
	assert.Equal(t, 1, m.reads, "and Epoch not at all")
}

// Until the next Look, times are those of the clock as it was.
func TestEpochBetweenLooks(t *testing.T) {
	m := newMachine()
	c := newClock(m.source())
	before := c.Epoch(uint64(m.boot))
	m.wall += int64(time.Hour)
	assert.Equal(t, before, c.Epoch(uint64(m.boot)))
	c.Look()
	assert.InDelta(t, int64(time.Hour), int64(c.Epoch(uint64(m.boot))-before), float64(tolerance))
}

func TestEpochBounds(t *testing.T) {
	m := newMachine()
	m.wall = 1
	c := newClock(m.source())
	assert.Zero(t, c.Epoch(0), "before the epoch")
	assert.Zero(t, c.Epoch(math.MaxUint64))
}

// The real clocks, read at one moment.
func TestRealClocks(t *testing.T) {
	c := New()
	closest := int64(math.MaxInt64)
	for range 100 {
		before := time.Now().UnixNano()
		boot := sinceBoot()
		after := time.Now().UnixNano()
		got := int64(c.Epoch(uint64(boot)))
		// The truth is between before and after, however long that took.
		closest = min(closest, max(before-got, got-after, 0))
	}
	assert.Less(t, closest, int64(time.Millisecond))
}

func TestConcurrentUse(t *testing.T) {
	c := New()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				assert.NotZero(t, c.Epoch(uint64(sinceBoot())))
				c.Sample()
				c.Look()
			}
		})
	}
	all.Wait()
}

func BenchmarkLook(b *testing.B) {
	c := New()
	for b.Loop() {
		c.Look()
	}
}
