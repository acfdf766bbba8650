// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMemory(t *testing.T) {
	const capacity = 8
	m := NewMemory[int](capacity)
	_, ok := m.Get([]byte("none"))
	assert.False(t, ok)
	text := []byte("always")
	m.Put(text, -1)
	text[0] = 'A'
	for i := range 100 {
		m.Put(fmt.Append(nil, i), i)
		assert.LessOrEqual(t, m.Len(), capacity)
		always, ok := m.Get([]byte("always"))
		assert.True(t, ok, "what is asked for is not forgotten")
		assert.Equal(t, -1, always)
		for j := max(0, i-capacity/2+2); j <= i; j++ {
			last, ok := m.recent[fmt.Sprint(j)]
			if !ok {
				last, ok = m.older[fmt.Sprint(j)]
			}
			assert.True(t, ok, "the last ones are remembered")
			assert.Equal(t, j, last)
		}
	}
	_, ok = m.Get([]byte("0"))
	assert.False(t, ok)
	assert.Zero(t, testing.AllocsPerRun(100, func() { m.Get([]byte("always")) }))
}

func TestTexts(t *testing.T) {
	texts := NewTexts()
	for range 2 {
		assert.Empty(t, texts.Of(nil))
		assert.Equal(t, "shop", texts.Of([]byte("shop")))
		assert.Equal(t, "sh\ufffdp", texts.Of([]byte("sh\xffp")))
	}
	assert.Equal(t, 2, texts.known.Len())
	b := []byte("shop")
	assert.Zero(t, testing.AllocsPerRun(100, func() { texts.Of(b) }))
	long := strings.Repeat("x", maxTextLength+1)
	assert.Equal(t, long, texts.Of([]byte(long)))
	assert.Equal(t, 2, texts.known.Len(), "long ones are not remembered")
}
