// SPDX-License-Identifier: Apache-2.0

//go:build linux

package guest

import (
	"fmt"
	"regexp"
	"time"
)

// What a machine reports is one line each on its console, written as a message of the kernel, so that
// none of the kernel's own comes in between.
const (
	mark    = "ebpfgo-vm: "
	allDone = "done"
)

var (
	endLine  = regexp.MustCompile(regexp.QuoteMeta(mark) + `end of (\S+) after (\S+): (.*)`)
	factLine = regexp.MustCompile(regexp.QuoteMeta(mark) + `fact: (.*)`)
	failLine = regexp.MustCompile(regexp.QuoteMeta(mark) + `failure: (.*)`)
	doneLine = regexp.MustCompile(regexp.QuoteMeta(mark) + allDone + `\r?$`)
)

// Report is what a machine said.
type Report struct {
	Facts    []string // about its kernel
	Results  []Result
	Failures []string // of the machine itself
	Done     bool     // it ran all of its orders
}

// Result is what became of a command.
type Result struct {
	Name     string
	Duration time.Duration
	Outcome  string // "ok", or why it is not
}

// OK tells whether the command succeeded.
func (r Result) OK() bool { return r.Outcome == "ok" }

func (r Result) String() string {
	return fmt.Sprintf("end of %s after %v: %s", r.Name, r.Duration.Round(time.Millisecond), r.Outcome)
}

// Read takes up one line of the console.
func (r *Report) Read(line string) {
	if found := endLine.FindStringSubmatch(line); found != nil {
		duration, err := time.ParseDuration(found[2])
		if err != nil {
			r.Failures = append(r.Failures, line)
			return
		}
		r.Results = append(r.Results, Result{found[1], duration, trim(found[3])})
		return
	}
	if found := factLine.FindStringSubmatch(line); found != nil {
		r.Facts = append(r.Facts, trim(found[1]))
	}
	if found := failLine.FindStringSubmatch(line); found != nil {
		r.Failures = append(r.Failures, trim(found[1]))
	}
	if doneLine.MatchString(line) {
		r.Done = true
	}
}

// trim takes off what a serial line puts behind the text.
func trim(text string) string {
	for len(text) > 0 && text[len(text)-1] == '\r' {
		text = text[:len(text)-1]
	}
	return text
}
