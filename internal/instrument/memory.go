// SPDX-License-Identifier: Apache-2.0

package instrument

// Memory remembers what was made of texts that come again and again: of the texts that were
// asked for last, at least half of its capacity, and at most all of it. It belongs to one
// goroutine.
type Memory[V any] struct {
	half          int
	recent, older map[string]V
}

// NewMemory returns a memory for so many texts, at least two.
func NewMemory[V any](capacity int) *Memory[V] {
	return &Memory[V]{half: capacity / 2, recent: map[string]V{}, older: map[string]V{}}
}

// Get returns what is remembered of a text. It allocates nothing, as a rule.
func (m *Memory[V]) Get(text []byte) (V, bool) {
	if v, ok := m.recent[string(text)]; ok {
		return v, true
	}
	v, ok := m.older[string(text)]
	if ok {
		m.Put(text, v)
	}
	return v, ok
}

// Put remembers what was made of a text, and may forget those that were not asked for since
// half of the capacity was filled anew.
func (m *Memory[V]) Put(text []byte, v V) {
	if len(m.recent) >= m.half {
		m.recent, m.older = m.older, m.recent
		clear(m.recent)
	}
	m.recent[string(text)] = v
}

// Len is how many texts are remembered. Those that were asked for again may count twice.
func (m *Memory[V]) Len() int { return len(m.recent) + len(m.older) }

const (
	maxTexts      = 2048
	maxTextLength = 256
)

// Texts makes strings of bytes of targets, one for all that are the same.
type Texts struct {
	known *Memory[string]
}

// NewTexts returns a Texts that knows none yet.
func NewTexts() Texts { return Texts{NewMemory[string](maxTexts)} }

// Of returns the Text of bytes.
func (t Texts) Of(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if s, ok := t.known.Get(b); ok {
		return s
	}
	s := Text(string(b))
	if len(b) <= maxTextLength {
		t.known.Put(b, s)
	}
	return s
}
