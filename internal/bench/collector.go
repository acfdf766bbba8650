// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// How long to wait for spans that do not come: where they must, and where they may not.
const (
	patience      = 2 * time.Second
	shortPatience = 400 * time.Millisecond // more than a batch waits for others
)

// collector is a running collector: that of the receiver (collect), or testdata/otlpcollector.
type collector struct {
	t       testing.TB
	command *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Scanner
	address string // that it listens on, of one with OTLP
	begin   time.Time
}

// startCollector starts a collector for the executables that match globs. It has variables besides
// the environment of this process.
func startCollector(t testing.TB, profile string, variables []string, executables ...string) *collector {
	t.Helper()
	arguments := append([]string{collectorCommand, profile}, executables...)
	return launch(t, variables, "/proc/self/exe", arguments...)
}

// startOTLP starts a collector that programs with an SDK send their spans to. It ends with the test.
func startOTLP(t testing.TB) *collector {
	t.Helper()
	c := launch(t, nil, targettest.Binary(t, targettest.Build{Program: "otlpcollector"}))
	t.Cleanup(c.stop)
	return c
}

func launch(t testing.TB, variables []string, path string, arguments ...string) *collector {
	t.Helper()
	c := &collector{t: t, command: exec.Command(path, arguments...)}
	c.command.Env = append(os.Environ(), variables...)
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.answers = bufio.NewScanner(stdout)
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		t.Fatalf("%v", err)
	}
	c.begin = time.Now()
	if err := c.command.Start(); err != nil {
		t.Fatalf("start the collector: %v", err)
	}
	if !c.answers.Scan() {
		t.Fatalf("the collector did not start: %v", c.command.Wait())
	}
	c.address = strings.TrimPrefix(c.answers.Text(), "listening ")
	return c
}

func (c *collector) pid() int { return c.command.Process.Pid }

// spans waits until there have been so many spans, as long as there is hope, and returns what
// there has been.
func (c *collector) spans(wanted int, patience time.Duration) received {
	c.t.Helper()
	if _, err := fmt.Fprintln(c.stdin, wanted, patience); err != nil {
		c.t.Fatalf("ask the collector: %v", err)
	}
	if !c.answers.Scan() {
		c.t.Fatalf("the collector ended: %v", c.command.Wait())
	}
	r, err := parseReceived(c.answers.Text())
	if err != nil {
		c.t.Fatalf("answer of the collector: %v", err)
	}
	return r
}

// stop ends the collector, which takes its probes out.
func (c *collector) stop() {
	c.t.Helper()
	if err := c.stdin.Close(); err != nil {
		c.t.Fatalf("end the collector: %v", err)
	}
	if err := c.command.Wait(); err != nil {
		c.t.Fatalf("end of the collector: %v", err)
	}
}

// detach is stop. It returns how long that took, until none of the collector's links was left.
func (c *collector) detach() time.Duration {
	c.t.Helper()
	links := linksOf(c.t, c.pid())
	begin := time.Now()
	c.stop()
	for !gone(c.t, links) {
		if time.Since(begin) > time.Minute {
			c.t.Fatalf("links of the collector are left a minute after its end, of %v", links)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(begin)
}
