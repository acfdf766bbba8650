// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"context"
	"errors"
	"os"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// image tells what one process executes since its last exec from all else.
type image struct {
	file  FileID
	start uint64
	stack uint64
}

// tracked is a Go process that was looked at.
type tracked struct {
	image
	pid     int
	process *Process // nil if it is of no interest
	// Selectors that match but, maybe, for their ports: indices into Config.
	targets, exclude []int
	// unread is set if other selectors might match: a condition could not be read.
	unread bool
	// entry is that of the targets by which the process was reported, -1 before.
	entry int
	// foreign are the listening sockets that the process was found not to have.
	foreign map[uint64]bool
	pidfd   *os.File // nil if it is of no interest
}

// look examines the process that has a pid now, and reports what is new.
func (w *Watcher) look(ctx context.Context, pid int, tables *portTables) error {
	if pid == os.Getpid() {
		return nil
	}
	now, isGo, err := w.image(pid)
	if err != nil {
		return err
	}
	known := w.processes[pid]
	if known != nil && known.image == now && (known.entry >= 0 || !known.unread) {
		return nil
	}
	if known != nil {
		w.forget(known) // it executes something else, it is another process, or it is read again
	}
	if !isGo {
		return nil
	}
	t, err := w.track(pid, now)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.processes[pid] = t
	w.mu.Unlock()
	if t.pidfd == nil {
		return nil
	}
	// All that was read is of one process and one program if that is still there now.
	// If it is not there any longer after this, readExecs finds that we know it.
	if again, _, err := w.image(pid); err != nil || again != now {
		w.forget(t)
		return errGone
	}
	w.running.Go(func() {
		if awaitExit(t.pidfd) != nil {
			return
		}
		select {
		case w.exits <- t:
		case <-ctx.Done():
		}
	})
	w.decide(t, tables)
	return nil
}

// image reads no more than the file where that is not a Go program.
func (w *Watcher) image(pid int) (now image, isGo bool, err error) {
	now.file, isGo, err = w.goFiles.inspect(pid)
	if err != nil || !isGo {
		return now, isGo, err
	}
	stat, err := w.files.stat(pid)
	if err != nil {
		return now, isGo, err
	}
	// Between fork and exec a process looks like its parent. One that stays so is not
	// about to exec: it was restored from a checkpoint.
	if !stat.loaded || stat.forked && isYoung(stat.start) {
		return now, isGo, errEarly
	}
	now.start, now.stack = stat.start, stat.stack
	return now, isGo, nil
}

// isYoung tells whether a process was forked within the last two seconds.
func isYoung(start uint64) bool {
	const ticks = 100 // USER_HZ
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return false
	}
	return uint64(now.Sec) < start/ticks+2
}

// track finds the selectors that match a process, and begins to wait for its end if
// there are any.
func (w *Watcher) track(pid int, now image) (*tracked, error) {
	t := &tracked{image: now, pid: pid, entry: -1}
	path, err := w.files.executablePath(pid)
	if err != nil {
		return nil, err
	}
	// Most Go programs are none of ours, and are known by their path.
	if !slices.ContainsFunc(w.config.Targets, func(s Selector) bool { return s.matchesExecutable(path) }) {
		return t, nil
	}
	p, err := w.files.describe(pid, now.start, path)
	if err != nil {
		return nil, err
	}
	var unread error
	p.ContainerID, p.PodUID, unread = w.files.container(pid)
	err = errors.Join(unread, w.match(t, p))
	if errors.Is(err, errGone) || len(t.targets) == 0 {
		return t, err
	}
	w.failure(err)
	t.unread = err != nil
	if t.pidfd, err = openPIDFD(pid); err != nil {
		return nil, err
	}
	t.process = p
	return t, nil
}

// match finds the selectors that match a process in all but their ports. The error
// is that of what could not be read, which no selector that asks for it matches.
func (w *Watcher) match(t *tracked, p *Process) error {
	var environ map[string]string
	var err error
	read := func() map[string]string {
		if environ == nil && err == nil {
			environ, err = w.files.environ(p.PID)
		}
		return environ
	}
	for i := range w.config.Exclude {
		if s := &w.config.Exclude[i]; s.matches(p, read) {
			if len(s.Ports) == 0 {
				return nil // whatever else could not be read
			}
			t.exclude = append(t.exclude, i)
		}
	}
	for i := range w.config.Targets {
		if w.config.Targets[i].matches(p, read) {
			t.targets = append(t.targets, i)
		}
	}
	return err
}

// forget drops a process, and reports the end of a target.
func (w *Watcher) forget(t *tracked) {
	if w.processes[t.pid] != t {
		return
	}
	w.mu.Lock()
	delete(w.processes, t.pid)
	w.mu.Unlock()
	w.stop(t)
}

// stop reports the end of a target, and does not wait for that of the process.
func (w *Watcher) stop(t *tracked) {
	t.close()
	if t.entry >= 0 {
		t.entry = -1
		w.exited.Add(1)
		w.config.Logger.Debug("target ended", zap.Int("pid", t.process.PID), zap.String("executable", t.process.Executable))
		w.handler.Exited(t.process)
	}
}

func (t *tracked) close() {
	if t.pidfd != nil {
		t.pidfd.Close()
	}
}
