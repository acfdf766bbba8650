// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end by itself after SIGTERM.
const stopTimeout = 10 * time.Second

// process is a program that the demo has started. It ends with the demo, also when that is killed.
type process struct {
	command *exec.Cmd
	log     *processLog
	ended   chan struct{} // closed when it has ended
}

// start starts a program with variables in addition to the demo's environment.
func start(path string, args []string, variables ...string) (*process, error) {
	p := &process{command: exec.Command(path, args...), log: new(processLog), ended: make(chan struct{})}
	p.command.Env = append(os.Environ(), variables...)
	p.command.Stdout, p.command.Stderr = p.log, p.log
	// In a group of its own: Ctrl-C in a terminal is for the demo, which then stops its processes.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		p.command.Wait() // how it ended is in ProcessState
		close(p.ended)
	}()
	return p, nil
}

// stop ends the process and waits until it has ended.
func (p *process) stop() {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTimeout):
		p.command.Process.Kill()
		<-p.ended
	}
}

// hasEnded returns an error if the process has ended.
func (p *process) hasEnded() error {
	select {
	case <-p.ended:
		return fmt.Errorf("%s has ended: %v", filepath.Base(p.command.Path), p.command.ProcessState)
	default:
		return nil
	}
}

// processLog is what a process has written.
type processLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *processLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// lines returns the complete lines that were written so far.
func (l *processLog) lines() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(l.text.String(), "\n")
	return lines[:len(lines)-1]
}

// last returns the last n lines.
func (l *processLog) last(n int) string {
	lines := l.lines()
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
