// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bytes"
	"sync"
)

// maxOutput bounds, in bytes, what is kept of the output of a program.
const maxOutput = 1 << 20

// tail is a writer that keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data []byte
}

func (w *tail) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.data = append(w.data, p...)
	if excess := len(w.data) - maxOutput; excess > maxOutput {
		w.data = append(w.data[:0], w.data[excess:]...)
	}
	return len(p), nil
}

func (w *tail) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.data[max(0, len(w.data)-maxOutput):])
}

// lineWriter is a writer that sends every complete line to a channel. A line that nobody waits for,
// nor the channel has room for, is dropped.
type lineWriter struct {
	lines   chan<- string
	partial []byte
}

func (w *lineWriter) Write(p []byte) (int, error) {
	w.partial = append(w.partial, p...)
	for {
		line, rest, complete := bytes.Cut(w.partial, []byte("\n"))
		if !complete {
			return len(p), nil
		}
		select {
		case w.lines <- string(line):
		default:
		}
		w.partial = rest
	}
}
