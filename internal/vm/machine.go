// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/vm/guest"
)

// ordersFile is guest.OrdersFile, for the writer of the image.
const ordersFile = guest.OrdersFile

const (
	// processors and memory (in MiB) of a machine. Two, because much of what can go wrong needs two.
	processors = 2
	memory     = 2048
)

// machine is one line of the matrix.
type machine struct {
	name   string
	kernel kernel
	// options are added to the kernel's command line.
	options string
	// lockdown and preempt are what the kernel must say is in force.
	lockdown, preempt string
}

// emulators are by the architecture of the kernel.
var emulators = map[string]struct {
	command string
	args    []string
	console string
}{
	"amd64": {"qemu-system-x86_64", []string{"-machine", "pc", "-cpu", "max"}, "ttyS0"},
	// The algorithm of the architecture for signing pointers takes half of the time in emulation.
	"arm64": {"qemu-system-aarch64", []string{"-machine", "virt", "-cpu", "max,pauth-impdef=on"}, "ttyAMA0"},
}

// commandLine is that of the kernel.
func (m machine) commandLine() string {
	words := []string{
		"console=" + emulators[m.kernel.arch].console,
		"panic=-1",          // a panic ends the machine
		"oops=panic",        // and so does what leaves it running
		"printk.devkmsg=on", // no report is left out
		"nosoftlockup",      // an emulated processor waits for the real one
		"no_timer_check",    // and so does its timer
		"rcupdate.rcu_cpu_stall_suppress=1",
		m.options,
	}
	return strings.TrimSpace(strings.Join(words, " "))
}

// run boots the machine and returns what it reported, and the processor time that it took. All that it
// wrote goes to log.
func (m machine) run(ctx context.Context, kernel, image string, log io.Writer) (report *guest.Report, used time.Duration, err error) {
	emulator := emulators[m.kernel.arch]
	args := append([]string{
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-accel", "tcg,thread=multi", "-smp", strconv.Itoa(processors), "-m", strconv.Itoa(memory),
		"-kernel", kernel, "-initrd", image, "-append", m.commandLine(),
	}, emulator.args...)
	command := exec.CommandContext(ctx, emulator.command, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.WaitDelay = 10 * time.Second
	var stderr strings.Builder
	command.Stderr = &stderr
	console, err := command.StdoutPipe()
	if err != nil {
		return nil, 0, err
	}
	// Pdeathsig is sent when the thread ends that started the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return nil, 0, err
	}
	report, trouble, err := listen(console, log)
	waited := command.Wait()
	used = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	if waited != nil {
		if ctx.Err() != nil {
			waited = fmt.Errorf("it was stopped: %w", context.Cause(ctx))
		}
		return report, used, fmt.Errorf("%s: %w\n%s", emulator.command, waited, stderr.String())
	}
	if err != nil {
		return report, used, err
	}
	if trouble != "" {
		return report, used, fmt.Errorf("the kernel said: %s", trouble)
	}
	return report, used, nil
}

// troublePattern is what a kernel says when it is not well. "may corrupt user memory" is what it says of every program that
// has bpf_probe_write_user.
var troublePattern = regexp.MustCompile(`Kernel panic|BUG: |kernel BUG|Oops|WARNING: |general protection fault|Unable to handle kernel|UBSAN|KASAN|corrupt(ed|ion)`)

// listen reads a console to its end. trouble is the first line that says that the kernel is not well.
func listen(console io.Reader, log io.Writer) (report *guest.Report, trouble string, err error) {
	report = &guest.Report{}
	lines := bufio.NewReader(console)
	for {
		line, err := lines.ReadString('\n')
		if _, err := io.WriteString(log, line); err != nil {
			return report, trouble, err
		}
		report.Read(strings.TrimRight(line, "\r\n"))
		if trouble == "" && kernelLine.MatchString(line) && troublePattern.MatchString(line) {
			trouble = strings.TrimSpace(line)
		}
		if err == io.EOF {
			return report, trouble, nil
		}
		if err != nil {
			return report, trouble, err
		}
	}
}

// kernelLine has the time that the kernel puts before its messages.
var kernelLine = regexp.MustCompile(`\[ *[0-9]+\.[0-9]+\] `)
