// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"os"
	"syscall"
	"time"
)

// Stop asks the program to end with SIGTERM and waits until it has.
func (x *Target) Stop() {
	x.t.Helper()
	x.signal(syscall.SIGTERM)
}

// Kill ends the program with SIGKILL and waits until it has ended.
func (x *Target) Kill() {
	x.t.Helper()
	x.signal(syscall.SIGKILL)
}

// WaitExit waits until the program has ended, by itself or not, and returns how.
func (x *Target) WaitExit() *os.ProcessState {
	x.t.Helper()
	select {
	case <-x.exited:
	case <-time.After(stopTimeout):
		x.t.Fatalf("pid %d has not ended after %v\n%s", x.PID(), stopTimeout, x.Output())
	}
	return x.command.ProcessState
}

// signal ends the program by a signal.
func (x *Target) signal(signal syscall.Signal) {
	x.t.Helper()
	x.asked.CompareAndSwap(0, int32(signal))
	// An error says that it has ended already, which end judges.
	_ = x.command.Process.Signal(signal)
	x.WaitExit()
}

// end is the cleanup of the test: the program ends, and how it ended is judged.
func (x *Target) end() {
	x.t.Helper()
	if x.netns != nil {
		defer x.netns.Close()
	}
	if !x.hasExited() {
		x.asked.CompareAndSwap(0, int32(syscall.SIGTERM))
		_ = x.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-x.exited:
		case <-time.After(stopTimeout):
			x.t.Errorf("pid %d has not ended %v after SIGTERM", x.PID(), stopTimeout)
			_ = x.command.Process.Kill()
			<-x.exited
		}
	}
	if fault := x.fault(); fault != "" {
		x.t.Errorf("%s (pid %d) %s: %v\n%s", x.command.Path, x.PID(), fault, x.command.ProcessState, x.Output())
	}
}

// fault says what is wrong with how the program ended, "" if nothing is.
func (x *Target) fault() string {
	status := x.command.ProcessState.Sys().(syscall.WaitStatus)
	switch asked := syscall.Signal(x.asked.Load()); {
	case x.settings.crash && asked != 0:
		return "did not end by itself, as it was expected to"
	case x.settings.crash:
		return ""
	case asked == 0:
		return "ended by itself"
	case asked == syscall.SIGKILL && !status.Signaled() || asked == syscall.SIGTERM && status != 0:
		return "crashed"
	}
	return ""
}

func (x *Target) hasExited() bool {
	select {
	case <-x.exited:
		return true
	default:
		return false
	}
}
