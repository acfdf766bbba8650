// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"errors"
	"fmt"
	"os"
)

// describe collects what selectors and resource need to know of a process, other
// than its start time, path and container. The caller checks afterwards that it was
// one process throughout.
func (files procFS) describe(pid int, start uint64, path string) (*Process, error) {
	p := &Process{Identity: Identity{PID: pid, StartTime: start}, Executable: path, files: files}
	f, err := os.Open(files.path(pid, "exe"))
	if err != nil {
		return nil, goneOr(err)
	}
	defer f.Close()
	if p.File, err = identify(f); err != nil {
		return nil, err
	}
	if p.NamespacePID, err = files.namespacePID(pid); err != nil {
		return nil, err
	}
	return p, nil
}

// container finds the container and the pod of a process, both empty outside of
// containers.
func (files procFS) container(pid int) (container, pod string, err error) {
	cgroup, err := files.read(pid, "cgroup", maxCgroup)
	if err != nil {
		return "", "", err
	}
	container, pod = parseCgroup(string(cgroup))
	return container, pod, nil
}

// Open opens the executable, also when it was deleted or is in another mount
// namespace. It fails when the process has ended or executes another file now.
func (p *Process) Open() (*os.File, error) {
	f, err := os.Open(p.files.path(p.PID, "exe"))
	if err != nil {
		return nil, fmt.Errorf("open the executable of process %d: %w", p.PID, err)
	}
	id, err := identify(f)
	if err == nil && id != p.File {
		err = errors.New("the process executes another file now")
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open the executable of process %d: %w", p.PID, err)
	}
	return f, nil
}

// Environ returns the variables that the program was executed with, as far as the
// first 256 KiB hold them.
func (p *Process) Environ() (map[string]string, error) {
	variables, err := p.files.environ(p.PID)
	if err != nil {
		return nil, fmt.Errorf("read the environment of process %d: %w", p.PID, err)
	}
	return variables, nil
}
