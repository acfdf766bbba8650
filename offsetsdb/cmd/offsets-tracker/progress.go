// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// progress says how far a run is: in one line that changes on a terminal, in a line for each
// version elsewhere.
type progress struct {
	out      io.Writer
	terminal bool

	mu          sync.Mutex
	began       time.Time
	running     map[*job]time.Time
	done, total int
	failed      int
}

func newProgress(file *os.File) *progress {
	info, err := file.Stat()
	return &progress{
		out: file, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0, running: make(map[*job]time.Time),
	}
}

func (p *progress) start(total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began, p.total = time.Now(), total
	p.line("%d versions to measure", total)
}

func (p *progress) begin(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[j] = time.Now()
	p.status()
}

func (p *progress) end(j *job, measured results, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	took := time.Since(p.running[j]).Round(time.Second)
	delete(p.running, j)
	p.done++
	what := fmt.Sprintf("%d offsets", count(measured))
	if err != nil {
		p.failed++
		what = err.Error()
	}
	p.line("%s %s: %s, in %v (%s)", j.module.path, j.version, what, took, p.state())
	p.status()
}

func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line("%d of %d versions done, %d of them failed, in %v", p.done, p.total, p.failed, time.Since(p.began).Round(time.Second))
}

// count counts the offsets that were found, those of all architectures.
func count(measured results) int {
	n := 0
	for _, m := range measured {
		for _, fields := range m.Offsets {
			for _, offset := range fields {
				if offset != offsetsdb.NoField && offset != offsetsdb.Unproven {
					n++
				}
			}
		}
	}
	return n
}

// complain says what is wrong with a version.
func (p *progress) complain(j *job, complaints []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, complaint := range complaints {
		p.line("%s %s: %s", j.module.path, j.version, complaint)
	}
	p.status()
}

// line prints a line, above the one that changes.
func (p *progress) line(format string, args ...any) {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}

// status prints the line that changes.
func (p *progress) status() {
	if !p.terminal {
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s", p.state())
	for j := range p.running {
		fmt.Fprintf(p.out, "  %s %s", j.module.path, j.version)
	}
}

func (p *progress) state() string {
	state := fmt.Sprintf("%d of %d", p.done, p.total)
	if p.done > 0 {
		left := time.Since(p.began) / time.Duration(p.done) * time.Duration(p.total-p.done)
		state += fmt.Sprintf(", about %v left", left.Round(time.Second))
	}
	return state
}
