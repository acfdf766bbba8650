// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// collector is a running collector, see collect.
type collector struct {
	t       testing.TB
	command *exec.Cmd
	stdin   io.WriteCloser
	answers *bufio.Scanner
}

// startCollector starts a collector for the executables that match a glob.
func startCollector(t testing.TB, executable, profile string) *collector {
	t.Helper()
	c := &collector{t: t, command: exec.Command("/proc/self/exe", collectorCommand, executable, profile)}
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		t.Fatalf("%v", err)
	}
	c.answers = bufio.NewScanner(stdout)
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		t.Fatalf("%v", err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatalf("start the collector: %v", err)
	}
	if !c.answers.Scan() {
		t.Fatalf("the collector did not start: %v", c.command.Wait())
	}
	return c
}

func (c *collector) pid() int { return c.command.Process.Pid }

// spans waits until there have been so many spans, as long as there is hope, and returns how many
// there have been.
func (c *collector) spans(wanted int) int {
	c.t.Helper()
	if _, err := io.WriteString(c.stdin, strconv.Itoa(wanted)+"\n"); err != nil {
		c.t.Fatalf("ask the collector: %v", err)
	}
	if !c.answers.Scan() {
		c.t.Fatalf("the collector ended: %v", c.command.Wait())
	}
	spans, err := strconv.Atoi(c.answers.Text())
	if err != nil {
		c.t.Fatalf("answer of the collector: %v", err)
	}
	return spans
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
