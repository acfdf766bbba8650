// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/sys/unix"
)

// observed is what a Watcher reported of its first look at all processes.
type observed struct {
	Entries  []int // of targets
	Denied   uint64
	Warnings []string
}

// watchOnce lets a Watcher look at all processes, with the privileges of this one.
func watchOnce(selectors string) (string, error) {
	var config Config
	if err := json.Unmarshal([]byte(selectors), &config); err != nil {
		return "", err
	}
	core, logs := observer.New(zap.WarnLevel)
	config.Logger, config.Poll = zap.New(core), eventsAlone
	watcher, err := New(config)
	if err != nil {
		return "", err
	}
	w := &watch{Watcher: watcher}
	ctx, cancel := context.WithTimeout(context.Background(), hangGuard)
	defer cancel()
	go func() {
		for !w.listed.Load() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := w.Run(ctx, w); err != nil {
		return "", err
	}
	seen := observed{Entries: entries(w.changes(0)), Denied: w.Stats().Denied}
	for _, line := range logs.All() {
		seen.Warnings = append(seen.Warnings, fmt.Sprint(line.Message, " ", line.ContextMap()))
	}
	answer, err := json.Marshal(seen)
	return string(answer), err
}

// observe runs watchOnce in a process of its own.
func observe(t *testing.T, targets, exclude []Selector, options ...func(*exec.Cmd)) observed {
	t.Helper()
	config, err := json.Marshal(map[string]any{"Targets": targets, "Exclude": exclude})
	require.NoError(t, err)
	var seen observed
	require.NoError(t, json.Unmarshal([]byte(start(t, "/proc/self/exe", options...).do("watch "+string(config))), &seen))
	return seen
}

// Another user's processes, looked at with the capabilities that are granted and no others.
func TestUnprivileged(t *testing.T) {
	const nobody = 65534
	app := install(t, filepath.Join(t.TempDir(), "app"))
	p := start(t, app, func(c *exec.Cmd) { c.Env = append(c.Env, "TRACE_ME=1") })
	port := p.do("listen 127.0.0.1:0")
	path := Selector{Executable: app}
	ports := Selector{Executable: app, Ports: []PortRange{portRange(t, port)}}
	environment := Selector{Executable: app, Environment: map[string]string{"TRACE_ME": "1"}}
	ptrace := []uintptr{unix.CAP_SYS_PTRACE}
	root := observe(t, []Selector{path}, nil).Denied // a sandbox can refuse its first process to everybody
	all := []uintptr{unix.CAP_SYS_PTRACE, unix.CAP_DAC_READ_SEARCH}
	for name, test := range map[string]struct {
		granted          []uintptr
		targets, exclude []Selector
		want             []int
	}{
		"nothing":                           {nil, []Selector{path}, nil, nil},
		"ports":                             {ptrace, []Selector{ports}, nil, nil},
		"ports, and path":                   {ptrace, []Selector{ports, path}, nil, []int{1}},
		"environment":                       {ptrace, []Selector{environment}, nil, nil},
		"environment, and path":             {ptrace, []Selector{environment, path}, nil, []int{1}},
		"environment, ports, and path":      {ptrace, []Selector{environment, ports, path}, nil, []int{2}},
		"excluded ports":                    {ptrace, []Selector{path}, []Selector{ports}, []int{0}},
		"excluded environment":              {ptrace, []Selector{path}, []Selector{environment}, []int{0}},
		"ports, all granted":                {all, []Selector{ports, path}, nil, []int{0}},
		"environment, all granted":          {all, []Selector{environment, path}, nil, []int{0}},
		"excluded ports, all granted":       {all, []Selector{path}, []Selector{ports}, nil},
		"excluded environment, all granted": {all, []Selector{path}, []Selector{environment}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			seen := observe(t, test.targets, test.exclude, func(c *exec.Cmd) {
				c.SysProcAttr = &syscall.SysProcAttr{
					Credential:  &syscall.Credential{Uid: nobody, Gid: nobody},
					AmbientCaps: test.granted,
				}
			})
			assert.Equal(t, test.want, seen.Entries)
			if len(test.granted) == len(all) {
				assert.Equal(t, root, seen.Denied)
				assert.Len(t, seen.Warnings, int(min(root, 1)))
				return
			}
			assert.Greater(t, seen.Denied, root)
			require.Len(t, seen.Warnings, 1)
			assert.Contains(t, seen.Warnings[0], "capabilities SYS_PTRACE and DAC_READ_SEARCH in the host's user namespace")
			assert.Contains(t, seen.Warnings[0], fmt.Sprintf("map[denied:%d]", seen.Denied))
		})
	}
}

func TestDenialIsExplainedOnce(t *testing.T) {
	core, logs := observer.New(zap.WarnLevel)
	w := run(t, Config{
		Targets: []Selector{{Executable: "**"}}, ProcFS: t.TempDir(), Poll: eventsAlone, Logger: zap.New(core),
	})
	require.Eventually(t, w.listed.Load, hangGuard, time.Millisecond)
	w.failure(unix.EIO)
	w.failure(errGone)
	assert.Zero(t, logs.Len())
	for _, err := range []error{unix.EACCES, unix.EPERM} {
		w.failure(&os.PathError{Op: "open", Err: err})
		require.Equal(t, 1, logs.Len())
		assert.Equal(t, map[string]any{"denied": uint64(1)}, logs.All()[0].ContextMap())
	}
	assert.Equal(t, uint64(2), w.Stats().Denied)
}

// A condition that cannot be read is not met, and is read again until the process is
// reported.
func TestUnreadableConditions(t *testing.T) {
	p := start(t, "/bin/cat")
	environment := Selector{Environment: map[string]string{"A": "1"}}
	container := Selector{ContainerIDs: []string{"*"}}
	path := Selector{Executable: "**"}
	ports := Selector{Ports: []PortRange{{1, 65535}}}
	// Of one look, what match cannot read counts once, and so does what decide cannot.
	for name, test := range map[string]struct {
		targets, exclude []Selector
		want, readable   []int // before and after the conditions could be read
		failed           uint64
	}{
		"environment":                             {[]Selector{environment}, nil, nil, []int{0}, 2},
		"environment, and path":                   {[]Selector{environment, path}, nil, []int{1}, []int{1}, 1},
		"container":                               {[]Selector{container}, nil, nil, nil, 2},
		"container, and path":                     {[]Selector{container, path}, nil, []int{1}, []int{1}, 1},
		"environment, and ports":                  {[]Selector{environment, ports}, nil, nil, []int{0}, 4},
		"excluded environment":                    {[]Selector{path}, []Selector{environment}, []int{0}, []int{0}, 1},
		"excluded environment, and excluded path": {[]Selector{path}, []Selector{environment, path}, nil, nil, 2},
		"ports":           {[]Selector{ports}, nil, nil, nil, 4},
		"ports, and path": {[]Selector{ports, path}, nil, []int{1}, []int{1}, 2},
		"excluded ports":  {[]Selector{path}, []Selector{ports}, []int{0}, []int{0}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			files := fabricate(t, p.pid(), map[string]string{"stat": statLine, "status": "NSpid:\t1\n"})
			folder := filepath.Join(string(files), strconv.Itoa(p.pid()))
			require.NoError(t, os.Mkdir(filepath.Join(folder, "ns"), 0o755))
			for _, unreadable := range []string{"environ", "cgroup", "ns/net"} {
				// A link to itself: ELOOP.
				require.NoError(t, os.Symlink(filepath.Base(unreadable), filepath.Join(folder, unreadable)))
			}
			w := still(t, Config{Targets: test.targets, Exclude: test.exclude, ProcFS: string(files)})
			for range 2 {
				require.NotErrorIs(t, w.lookAt(p.pid()), errGone)
				assert.Equal(t, test.want, entries(w.changes(p.pid())))
			}
			assert.Equal(t, test.failed, w.Stats().Failed)

			require.NoError(t, os.Remove(filepath.Join(folder, "environ")))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "environ"), []byte("A=1\x00"), 0o644))
			require.NotErrorIs(t, w.lookAt(p.pid()), errGone)
			assert.Equal(t, test.readable, entries(w.changes(p.pid())))
		})
	}
}
