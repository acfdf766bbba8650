// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Processes write what they like into their environment and the names of their
// files: no more than this is read of it, in bytes.
const (
	maxEnviron  = 256 << 10
	maxCgroup   = 64 << 10
	maxStatus   = 16 << 10
	maxStatLine = 4 << 10
)

// errGone says that there is no such process any more, or that it has no
// executable: a zombie or a kernel thread.
var errGone = errors.New("process is gone")

// errEarly says that a process has not come to its program yet. It is looked at again
// when the kernel reports the exec, or at the next poll.
var errEarly = errors.New("process does not execute its program yet")

func (files procFS) root() string {
	if files == "" {
		return "/proc"
	}
	return string(files)
}

// path is that of a file in the folder of a process.
func (files procFS) path(pid int, name string) string {
	return files.root() + "/" + strconv.Itoa(pid) + "/" + name
}

// read returns the first bytes of a file of a process, limit at the most.
func (files procFS) read(pid int, name string, limit int64) ([]byte, error) {
	f, err := os.Open(files.path(pid, name))
	if err != nil {
		return nil, goneOr(err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit))
	return content, goneOr(err)
}

// goneOr replaces the errors that /proc has for a process that ended, also while a
// file of it is open.
func goneOr(err error) error {
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ESRCH) {
		return errGone
	}
	return err
}

// pids lists the processes that there are.
func (files procFS) pids() ([]int, error) {
	folder, err := os.Open(files.root())
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// stat is what we use of /proc/PID/stat, see proc_pid_stat(5).
type stat struct {
	forked bool   // and did not execute a program since: still a copy of its parent
	loaded bool   // false while the kernel replaces the program
	start  uint64 // when it was forked, clock ticks after boot
	stack  uint64 // address of the stack: the kernel draws a new one for each exec
}

func (files procFS) stat(pid int) (stat, error) {
	line, err := files.read(pid, "stat", maxStatLine)
	if err != nil {
		return stat{}, err
	}
	return parseStat(line)
}

// forkedNoExec is PF_FORKNOEXEC of include/linux/sched.h.
const forkedNoExec = 0x40

func parseStat(line []byte) (stat, error) {
	// The name, field 2, is in parentheses and may contain any character.
	end := bytes.LastIndexByte(line, ')')
	fields := bytes.Fields(line[end+1:])
	if end < 0 || len(fields) < 26 {
		return stat{}, fmt.Errorf("stat: %d fields after the name instead of 26 or more", len(fields))
	}
	var numbers [4]uint64
	for i, field := range []int{9, 22, 26, 28} {
		var err error
		if numbers[i], err = strconv.ParseUint(string(fields[field-3]), 10, 64); err != nil {
			return stat{}, fmt.Errorf("stat: field %d: %w", field, err)
		}
	}
	// Start of the code, field 26, is set when all else is in place.
	return stat{forked: numbers[0]&forkedNoExec != 0, start: numbers[1], loaded: numbers[2] != 0, stack: numbers[3]}, nil
}

// executablePath is the path of the executable as the process itself sees it.
func (files procFS) executablePath(pid int) (string, error) {
	path, err := os.Readlink(files.path(pid, "exe"))
	if err != nil {
		return "", goneOr(err)
	}
	root, err := os.Readlink(files.path(pid, "root"))
	if err != nil {
		return "", goneOr(err)
	}
	path = strings.TrimSuffix(path, " (deleted)")
	// The kernel shows paths in another mount namespace from the root of that
	// namespace, which is the root of the processes in it unless they changed it.
	if inside, ok := strings.CutPrefix(path, root+"/"); ok && root != "/" {
		path = "/" + inside
	}
	return path, nil
}

// namespacePID is the last number of the line NSpid, see proc_pid_status(5).
func (files procFS) namespacePID(pid int) (int, error) {
	content, err := files.read(pid, "status", maxStatus)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if numbers, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if fields := strings.Fields(numbers); len(fields) > 0 {
				return strconv.Atoi(fields[len(fields)-1])
			}
		}
	}
	return 0, errors.New("status: no line NSpid")
}

func (files procFS) environ(pid int) (map[string]string, error) {
	content, err := files.read(pid, "environ", maxEnviron)
	if err != nil {
		return nil, err
	}
	return parseEnviron(content), nil
}

// parseEnviron parses variables that each end in a zero byte. What is cut off at
// the end is left out; of a name that stands there twice the first counts, as in
// os.Getenv.
func parseEnviron(content []byte) map[string]string {
	variables := map[string]string{}
	for {
		variable, rest, ended := bytes.Cut(content, []byte{0})
		if !ended {
			return variables
		}
		name, value, _ := strings.Cut(string(variable), "=")
		if _, set := variables[name]; !set {
			variables[name] = value
		}
		content = rest
	}
}
