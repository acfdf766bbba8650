// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// still makes a Watcher that does nothing of its own.
func still(t *testing.T, config Config) *watch {
	t.Helper()
	watcher, err := New(config)
	require.NoError(t, err)
	w := &watch{Watcher: watcher, t: t}
	watcher.handler = w
	t.Cleanup(watcher.release)
	return w
}

func (w *watch) lookAt(pid int) error {
	err := w.look(w.t.Context(), pid, &portTables{files: w.files})
	w.failure(err)
	return err
}

func TestPIDUsedAgain(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	p := start(t, app)
	p.do("echo ready")
	w := still(t, Config{Targets: []Selector{{Executable: app}}})
	require.NoError(t, w.lookAt(p.pid()))
	require.NoError(t, w.lookAt(p.pid()))
	before := w.await(p.pid(), 1)[0].process

	// As if the process before had started earlier, and its end were not seen yet.
	w.processes[p.pid()].start--
	require.NoError(t, w.lookAt(p.pid()))
	changes := w.await(p.pid(), 3)
	assert.Equal(t, []int{0, -1, 0}, entries(changes))
	assert.Same(t, before, changes[1].process)
	assert.NotSame(t, before, changes[2].process)
}

func TestNotGo(t *testing.T) {
	w := still(t, Config{Targets: []Selector{{Executable: "**"}}})
	p := start(t, "/bin/cat")
	p.do("running")
	require.NoError(t, w.lookAt(p.pid()))
	require.NoError(t, w.lookAt(p.pid()))
	assert.Empty(t, w.processes)
	assert.Equal(t, uint64(1), w.Stats().Inspected)
}

func TestZombie(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	p := start(t, app)
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone, Execs: execs(t)})
	w.await(p.pid(), 1)
	require.NoError(t, p.cmd.Process.Kill())
	w.await(p.pid(), 2) // nobody has waited for it

	other := still(t, Config{Targets: []Selector{{Executable: app}}})
	require.ErrorIs(t, other.lookAt(p.pid()), errGone)
	require.ErrorIs(t, other.lookAt(1<<30), errGone)
	assert.Zero(t, other.Stats().Failed+other.Stats().Denied)
}

// A fabricated process has the pid of a real one, whose end is waited for.
func TestContainer(t *testing.T) {
	p := start(t, "/bin/cat")
	id, pod := strings.Repeat("3f4a", 16), "0f2a9c46-72a3-4a0b-8c64-5c0e4ad6f2c1"
	files := fabricate(t, p.pid(), map[string]string{
		"stat":   statLine,
		"status": "NSpid:\t" + strconv.Itoa(p.pid()) + "\t1\n",
		"cgroup": "0::/kubepods/burstable/pod" + pod + "/" + id + "\n",
	})
	w := run(t, Config{Targets: []Selector{{ContainerIDs: []string{"3f4a*"}}}, ProcFS: string(files), Poll: eventsAlone})
	process := w.await(p.pid(), 1)[0].process
	assert.Equal(t, id, process.ContainerID)
	assert.Equal(t, pod, process.PodUID)
	assert.Equal(t, 1, process.NamespacePID)
	assert.Equal(t, Identity{PID: p.pid(), StartTime: 123456}, process.Identity)
	p.stop()
	w.await(p.pid(), 2)
}

func TestEarly(t *testing.T) {
	p := start(t, "/bin/cat")
	var now unix.Timespec
	require.NoError(t, unix.ClockGettime(unix.CLOCK_BOOTTIME, &now))
	forked := strings.Replace(statLine, " 4194304 1006", " 4194368 1006", 1)
	for name, test := range map[string]struct {
		stat    string
		err     error
		targets int
	}{
		"about to exec":         {strings.Replace(forked, " 123456 ", " "+fmt.Sprint(now.Sec*100)+" ", 1), errEarly, 0},
		"in the middle of exec": {strings.Replace(statLine, " 4194304 6291456 ", " 0 0 ", 1), errEarly, 0},
		"restored long ago":     {strings.Replace(forked, " 123456 ", " 1 ", 1), nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			files := fabricate(t, p.pid(), map[string]string{
				"stat":   test.stat,
				"status": "NSpid:\t1\n",
				"cgroup": "0::/\n",
			})
			w := still(t, Config{Targets: []Selector{{Executable: "**"}}, ProcFS: string(files)})
			require.ErrorIs(t, w.lookAt(p.pid()), test.err)
			assert.Len(t, w.changes(p.pid()), test.targets)
			assert.Zero(t, w.Stats().Failed)
		})
	}
}

// What cannot be read is counted, tried again at the next look, and not a target.
func TestIncompleteProcess(t *testing.T) {
	p := start(t, "/bin/cat")
	files := fabricate(t, p.pid(), map[string]string{"stat": statLine, "status": "no NSpid\n"})
	w := still(t, Config{Targets: []Selector{{Executable: "**"}}, ProcFS: string(files)})
	require.Error(t, w.lookAt(p.pid()))
	require.Error(t, w.lookAt(p.pid()))
	assert.Equal(t, uint64(2), w.Stats().Failed)
	assert.Empty(t, w.processes)
	assert.Empty(t, w.changes(0))
}

func TestOpenNoticesAnotherFile(t *testing.T) {
	folder := t.TempDir()
	one, two := install(t, filepath.Join(folder, "one")), install(t, filepath.Join(folder, "two"))
	p := start(t, one)
	w := still(t, Config{Targets: []Selector{{Executable: one}}})
	p.do("echo ready")
	require.NoError(t, w.lookAt(p.pid()))
	process := w.await(p.pid(), 1)[0].process
	p.send("exec " + two)
	require.Eventually(t, func() bool {
		path, err := w.files.executablePath(p.pid())
		return err == nil && path == two
	}, hangGuard, time.Millisecond)
	_, err := process.Open()
	require.ErrorContains(t, err, "another file")
	p.stop()
	_, err = process.Open()
	require.ErrorContains(t, err, strconv.Itoa(p.pid()))
	_, err = process.Environ()
	require.ErrorIs(t, err, errGone)
}
