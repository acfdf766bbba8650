// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/vm/guest"
)

const console = "[    2.095825] ebpfgo-vm: fact: Linux 6.1.0\r\n" +
	"=== RUN   TestLoad\r\n" +
	"    load_test.go:1: WARNING: of the test, not of the kernel\r\n" +
	"[    6.284646] ebpfgo-vm: end of loader after 4.159s: ok\r\n" +
	"[    7.284646] ebpfgo-vm: end of receiver after 1m0.5s: exit status 1\r\n"

func TestListen(t *testing.T) {
	for _, test := range []struct {
		name, more, trouble string
		done                bool
		failures            []string
	}{
		{name: "done", more: "[    8.285018] ebpfgo-vm: done\r\n", done: true},
		{name: "cut off"},
		{name: "failure", more: "[    8.3] ebpfgo-vm: failure: lockdown=none is in force, integrity was ordered\r\n", failures: []string{"lockdown=none is in force, integrity was ordered"}},
		{name: "panic", more: "[    8.3] Kernel panic - not syncing: Fatal exception", trouble: "[    8.3] Kernel panic - not syncing: Fatal exception"},
		{
			name: "warning", done: true, trouble: "[    8.1] WARNING: CPU: 1 PID: 7 at kernel/events/uprobes.c:1",
			more: "[    8.1] WARNING: CPU: 1 PID: 7 at kernel/events/uprobes.c:1\r\n[    8.2] ebpfgo-vm: done\r\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			report, trouble, err := listen(strings.NewReader(console+test.more), &log)
			require.NoError(t, err)
			assert.Equal(t, console+test.more, log.String())
			assert.Equal(t, []string{"Linux 6.1.0"}, report.Facts)
			assert.Equal(t, []guest.Result{
				{Name: "loader", Duration: 4159 * time.Millisecond, Outcome: "ok"},
				{Name: "receiver", Duration: 60500 * time.Millisecond, Outcome: "exit status 1"},
			}, report.Results)
			assert.Equal(t, test.done, report.Done)
			assert.Equal(t, test.trouble, trouble)
			assert.Equal(t, test.failures, report.Failures)
		})
	}
}

// TestReportIsUnderstood: what a machine writes is what is read here.
func TestReportIsUnderstood(t *testing.T) {
	var report guest.Report
	result := guest.Result{Name: "loader", Duration: 90 * time.Second, Outcome: "it did not end within 1m0s"}
	report.Read("[    1.0] ebpfgo-vm: " + result.String())
	require.Len(t, report.Results, 1)
	assert.Equal(t, result, report.Results[0])
	assert.False(t, result.OK())
}

func TestCommand(t *testing.T) {
	s := suite{pkg: "internal/some", tests: []test{
		{name: "TestPlain"},
		{name: "TestBuilds", of: []targettest.Build{{Program: "x", Go: "1.20"}, {Program: "x", Go: "1.27", Strip: true}}, with: []targettest.Build{{Program: "y"}}},
		{name: "TestSub", sub: "^1.27 panic$", lockdown: "none"},
		{name: "TestLocked", lockdown: "integrity"},
	}}
	command, ok := s.command(machine{lockdown: "none"}, regexp.MustCompile(""), []string{"A=b"}, time.Minute)
	require.True(t, ok)
	assert.Equal(t, "some", command.Name)
	assert.Equal(t, "/src/internal/some", command.Folder)
	assert.Equal(t, "/src/internal/some/some.test", command.Args[0])
	assert.Equal(t, `-test.run=^TestPlain$|^TestBuilds$/^(go1\.20|go1\.27-stripped)$|^TestSub$/^1.27 panic$`, command.Args[len(command.Args)-1])
	assert.Contains(t, command.Env, "A=b")
	assert.Equal(t, []string{"TestPlain", "TestBuilds", "TestBuilds/go1.20", "TestBuilds/go1.27-stripped", "TestSub", "TestSub/"}, command.Want)
	assert.Len(t, s.builds(), 3)

	command, ok = s.command(machine{lockdown: "none"}, regexp.MustCompile("Plain"), nil, time.Minute)
	require.True(t, ok)
	assert.Equal(t, "-test.run=^TestPlain$", command.Args[len(command.Args)-1])
	command, ok = s.command(machine{lockdown: "integrity"}, regexp.MustCompile("Sub|Locked"), nil, time.Minute)
	require.True(t, ok)
	assert.Equal(t, []string{"TestLocked"}, command.Want)
	_, ok = s.command(machine{lockdown: "none"}, regexp.MustCompile("Nothing"), nil, time.Minute)
	assert.False(t, ok)
}

// TestMatrix: names of machines are names of files, and each has an emulator.
func TestMatrix(t *testing.T) {
	names := map[string]bool{}
	for _, m := range append(machines, soakMachines...) {
		assert.Regexp(t, `^[a-z0-9.-]+$`, m.name)
		assert.False(t, names[m.name], m.name)
		names[m.name] = true
		assert.Contains(t, emulators, m.kernel.arch)
		for _, option := range []string{"lockdown=" + m.lockdown, "preempt=" + m.preempt} {
			if strings.Contains(m.options, strings.SplitN(option, "=", 2)[0]) {
				assert.Contains(t, m.options, option, "what is asked for is what is checked")
			}
		}
	}
}
