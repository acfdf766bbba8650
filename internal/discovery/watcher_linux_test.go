// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestRunningBefore(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	p := start(t, app)
	p.do("echo ready")
	w := run(t, Config{Targets: []Selector{{PIDs: []int{1}}, {Executable: app}}, Poll: eventsAlone})

	started := w.await(p.pid(), 1)[0]
	assert.Equal(t, 1, started.entry, "index of the selector that matched")
	assert.Equal(t, app, started.process.Executable)
	assert.Equal(t, p.pid(), started.process.NamespacePID)
	assert.NotZero(t, started.process.StartTime)

	p.stop()
	exited := w.await(p.pid(), 2)[1]
	assert.Equal(t, -1, exited.entry)
	assert.Same(t, started.process, exited.process)
}

func TestStartedLater(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone, Execs: execs(t)})
	var delays []time.Duration
	for range 20 {
		p := start(t, app)
		executed := time.Now() // Start returns after the exec
		delays = append(delays, w.await(p.pid(), 1)[0].at.Sub(executed))
		p.stop()
		w.await(p.pid(), 2)
	}
	slices.Sort(delays)
	t.Logf("from exec to Started: median %v, longest %v", delays[len(delays)/2], delays[len(delays)-1])
	w.end()
	for pid, tracked := range w.processes {
		assert.Nil(t, tracked.process, "state of process %d is kept", pid)
	}
}

func TestManyOfOneBinary(t *testing.T) {
	const count = 60
	app := install(t, filepath.Join(t.TempDir(), "app"))
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone, Execs: execs(t)})
	programs := make([]*program, count)
	var all sync.WaitGroup
	for i := range programs {
		all.Go(func() { programs[i] = start(t, app) })
	}
	all.Wait()
	w.await(0, count)
	files := map[FileID]bool{}
	for _, p := range programs {
		files[w.await(p.pid(), 1)[0].process.File] = true
	}
	assert.Len(t, files, 1)
	for _, p := range programs {
		p.stop()
	}
	w.await(0, 2*count)
	assert.Equal(t, uint64(count), w.Stats().Started)
	assert.Equal(t, uint64(count), w.Stats().Exited)
}

func TestShortLived(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone, Execs: execs(t)})
	before := w.Stats().Execs
	cost := cpuTime(t)
	require.NoError(t, exec.Command("/bin/sh", "-c", "for i in $(seq 1000); do /bin/true; done").Run())
	require.Eventually(t, func() bool { return w.Stats().Execs-before >= 1000 }, hangGuard, time.Millisecond)
	t.Logf("CPU time for 1000 short-lived processes: %v; %+v", cpuTime(t)-cost, w.Stats())

	p := start(t, app)
	w.await(p.pid(), 1)
	assert.Less(t, w.Stats().Inspected, uint64(500), "a file is inspected once, not once an exec")
}

// cpuTime is what this process has used, without its children.
func cpuTime(t *testing.T) time.Duration {
	var usage unix.Rusage
	require.NoError(t, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestExecInTarget(t *testing.T) {
	folder := t.TempDir()
	one, two := install(t, filepath.Join(folder, "one")), install(t, filepath.Join(folder, "two"))
	w := run(t, Config{Targets: []Selector{{Executable: one}, {Executable: two}}, Poll: eventsAlone, Execs: execs(t)})
	p := start(t, one)
	p.do("echo ready")
	first := w.await(p.pid(), 1)[0]

	p.send("exec " + two)
	changes := w.await(p.pid(), 3)
	assert.Same(t, first.process, changes[1].process)
	assert.Equal(t, []int{0, -1, 1}, entries(changes))
	assert.Equal(t, first.process.Identity, changes[2].process.Identity)
	assert.NotEqual(t, first.process.File, changes[2].process.File)

	p.send("exec " + two)
	changes = w.await(p.pid(), 5)
	assert.Equal(t, []int{0, -1, 1, -1, 1}, entries(changes), "the same program anew")

	p.send("exec /bin/cat")
	changes = w.await(p.pid(), 6)
	assert.Equal(t, []int{0, -1, 1, -1, 1, -1}, entries(changes), "not Go any more")
}

func entries(changes []change) []int {
	var entries []int
	for _, c := range changes {
		entries = append(entries, c.entry)
	}
	return entries
}

func TestDeletedAndReplaced(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	old := start(t, app)
	old.do("echo ready")
	before := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone}).await(old.pid(), 1)[0].process

	install(t, app)
	replaced := start(t, app)
	replaced.do("echo ready")
	require.NoError(t, os.Remove(app))

	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone})
	oldProcess, newProcess := w.await(old.pid(), 1)[0].process, w.await(replaced.pid(), 1)[0].process
	assert.Equal(t, app, oldProcess.Executable)
	assert.Equal(t, app, newProcess.Executable)
	assert.Equal(t, before.File, oldProcess.File, "deleting does not make it another file")
	assert.NotEqual(t, oldProcess.File, newProcess.File)
	for _, p := range []*Process{oldProcess, newProcess} {
		f, err := p.Open()
		require.NoError(t, err)
		info, err := f.Stat()
		require.NoError(t, err)
		assert.Equal(t, p.File.Inode, info.Sys().(*syscall.Stat_t).Ino)
		require.NoError(t, f.Close())
	}
}

func TestOtherNamespaces(t *testing.T) {
	for _, change := range []string{"pivot", "chroot"} {
		t.Run(change, func(t *testing.T) {
			folder := t.TempDir()
			app := install(t, filepath.Join(folder, "private", "app"))
			root := filepath.Join(folder, "root")
			require.NoError(t, os.Mkdir(root, 0o755))
			w := run(t, Config{
				Targets: []Selector{{Executable: "/mnt/app", Environment: map[string]string{"FOLDER": folder}}},
				Poll:    eventsAlone,
				Execs:   execs(t),
			})
			p := start(t, app, func(c *exec.Cmd) {
				c.Env = append(c.Env, "FOLDER="+folder)
				c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS, Cloneflags: unix.CLONE_NEWPID}
			})
			p.do(change + " " + root)
			p.send("exec /mnt/app")
			process := w.await(p.pid(), 1)[0].process
			assert.Equal(t, "/mnt/app", process.Executable)
			assert.Equal(t, 1, process.NamespacePID)

			f, err := process.Open()
			require.NoError(t, err)
			defer f.Close()
			var inside unix.Stat_t
			require.NoError(t, unix.Stat(app, &inside))
			assert.Equal(t, inside.Ino, process.File.Inode)
			assert.NoFileExists(t, "/mnt/app")
			p.stop()
			w.await(p.pid(), 2)
		})
	}
}

// Containers of one image execute one file, by mounts of different devices.
func TestOverlay(t *testing.T) {
	folder := t.TempDir()
	app := install(t, filepath.Join(folder, "layer", "app"))
	for _, name := range []string{"base", "merged"} {
		require.NoError(t, os.Mkdir(filepath.Join(folder, name), 0o755))
	}
	merged := filepath.Join(folder, "merged", "app")
	w := run(t, Config{Targets: []Selector{{Executable: merged}}, Poll: eventsAlone, Execs: execs(t)})
	files := map[FileID]bool{}
	for range 2 {
		p := start(t, app, func(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS} })
		p.do("overlay " + folder)
		p.send("exec " + merged)
		process := w.await(p.pid(), 1)[0].process
		files[process.File] = true
		f, err := process.Open()
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	assert.Len(t, files, 1)
	var layer unix.Stat_t
	require.NoError(t, unix.Stat(app, &layer))
	for file := range files {
		assert.Equal(t, layer.Ino, file.Inode)
		assert.Zero(t, file.Device)
	}
}

func TestPorts(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	now := start(t, app)
	port := now.do("listen 127.0.0.1:0")
	later := start(t, app)
	later.do("echo ready")
	never := start(t, app)
	never.do("listen [::1]:0")

	free := start(t, app)
	laterPort := free.do("listen [::]:0")
	free.stop()

	w := run(t, Config{
		Targets: []Selector{{Executable: app, Ports: []PortRange{portRange(t, port), portRange(t, laterPort)}}},
		Poll:    eventsAlone,
		Execs:   execs(t),
	})
	w.await(now.pid(), 1)
	assert.Empty(t, w.changes(later.pid()))
	later.do("listen [::]:" + laterPort)
	w.await(later.pid(), 1)
	later.stop()
	w.await(later.pid(), 2)
	assert.Empty(t, w.changes(never.pid()))
}

func TestExcludedPort(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	p := start(t, app)
	free := p.do("listen [::]:0")
	excluded := start(t, app)
	excluded.do("echo ready")
	w := run(t, Config{
		Targets: []Selector{{Executable: app}},
		Exclude: []Selector{{Ports: []PortRange{portRange(t, free)}}},
		Poll:    eventsAlone,
	})
	w.await(excluded.pid(), 1)
	assert.Empty(t, w.changes(p.pid()))
	p.stop()
	excluded.do("listen [::]:" + free)
	assert.Equal(t, []int{0, -1}, entries(w.await(excluded.pid(), 2)), "it listens on an excluded port now")
}

func portRange(t *testing.T, port string) PortRange {
	var r PortRange
	_, err := fmt.Sscan(port, &r.First)
	require.NoError(t, err)
	r.Last = r.First
	return r
}

func TestEnvironmentAndExclude(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	with := func(variables ...string) func(*exec.Cmd) {
		return func(c *exec.Cmd) { c.Env = append(c.Env, variables...) }
	}
	w := run(t, Config{
		Targets: []Selector{{Executable: app, Environment: map[string]string{"TRACE_ME": "yes*"}}},
		Exclude: []Selector{{Environment: map[string]string{"STAGE": "test"}}},
		Poll:    eventsAlone,
		Execs:   execs(t),
	})
	excluded := start(t, app, with("TRACE_ME=yes", "STAGE=test"))
	unset := start(t, app)
	other := start(t, app, with("TRACE_ME=no"))
	wanted := start(t, app, with("TRACE_ME=yes/please", "STAGE=production"))
	process := w.await(wanted.pid(), 1)[0].process
	environ, err := process.Environ()
	require.NoError(t, err)
	assert.Equal(t, "production", environ["STAGE"])
	for _, p := range []*program{excluded, unset, other} {
		p.stop()
		assert.Empty(t, w.changes(p.pid()))
	}
}

func TestPollAlone(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: 20 * time.Millisecond})
	p := start(t, app)
	w.await(p.pid(), 1)
	p.stop()
	w.await(p.pid(), 2)
}

func TestNeverItself(t *testing.T) {
	p := start(t, install(t, filepath.Join(t.TempDir(), "app")))
	p.do("echo ready")
	w := run(t, Config{Targets: []Selector{{PIDs: []int{os.Getpid()}}, {Executable: "**"}}, Poll: eventsAlone})
	w.await(p.pid(), 1)
	w.end()
	assert.Empty(t, w.changes(os.Getpid()))
}

// lossy loses what it is told to.
type lossy struct {
	reads chan error
	once  sync.Once
}

func (l *lossy) Read() (int, error) {
	err, ok := <-l.reads
	if !ok {
		return 0, os.ErrClosed
	}
	return 1 << 30, err // no such process
}

func (l *lossy) Close() error {
	l.once.Do(func() { close(l.reads) })
	return nil
}

func TestLostEvents(t *testing.T) {
	app := install(t, filepath.Join(t.TempDir(), "app"))
	first := start(t, app)
	first.do("echo ready")
	source := &lossy{reads: make(chan error)}
	w := run(t, Config{Targets: []Selector{{Executable: app}}, Poll: eventsAlone, Execs: source})
	w.await(first.pid(), 1) // all processes that there are have been listed
	source.reads <- nil
	p := start(t, app)
	p.do("echo ready")
	assert.Empty(t, w.changes(p.pid()))
	source.reads <- LostExecs(3)
	w.await(p.pid(), 1)
	assert.Equal(t, uint64(3), w.Stats().ExecsLost)
	assert.Equal(t, uint64(2), w.Stats().Execs)
}

func TestRunFailsWithoutProcFS(t *testing.T) {
	w, err := New(Config{Targets: []Selector{{Executable: "**"}}, ProcFS: filepath.Join(t.TempDir(), "none")})
	require.NoError(t, err)
	require.ErrorIs(t, w.Run(t.Context(), &watch{}), os.ErrNotExist)
}

func TestNewNamesTheKey(t *testing.T) {
	_, err := New(Config{Targets: []Selector{{Executable: "/a"}, {Executable: "/["}}})
	require.ErrorContains(t, err, "targets[1]: executable: ")
	_, err = New(Config{Targets: []Selector{{Executable: "/a"}}, Exclude: []Selector{{}}})
	require.ErrorContains(t, err, "exclude[0]: ")
	_, err = New(Config{})
	require.True(t, strings.HasPrefix(fmt.Sprint(err), "targets: "))
}
