// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// goCommand runs the go command of one release, apart from all settings of the user.
type goCommand struct {
	path    string // of the executable
	version string
	cache   string // GOCACHE
	mod     string // GOMODCACHE
	procs   int    // processors that it may use
}

// localGo is the go command in PATH, with its caches in a folder.
func localGo(folder string, procs int) goCommand {
	return goCommand{
		path: "go", version: runtime.Version(),
		cache: filepath.Join(folder, "cache"), mod: filepath.Join(folder, "mod"), procs: procs,
	}
}

// release returns the go command of a release, which it fetches if it has to. The build
// cache of each release is its own.
func (g goCommand) release(ctx context.Context, folder, version string) (goCommand, error) {
	root, err := g.run(ctx, folder, []string{"GOTOOLCHAIN=" + version}, "env", "GOROOT")
	if err != nil {
		return g, fmt.Errorf("fetching %s: %w", version, err)
	}
	g.path, g.version = filepath.Join(root, "bin", "go"), version
	g.cache = filepath.Join(g.cache, version)
	return g, nil
}

// root is GOROOT.
func (g goCommand) root() string { return filepath.Dir(filepath.Dir(g.path)) }

// run runs the go command in a folder, and returns what it prints.
func (g goCommand) run(ctx context.Context, folder string, env []string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, g.path, args...)
	command.Dir = folder
	command.Env = append(os.Environ(),
		"PWD="+folder, "GOROOT=", "GOTOOLCHAIN=local", "GOENV=off", "GOWORK=off", "GO111MODULE=on",
		"GOFLAGS=-mod=mod -modcacherw", "GOGC=400", "GOEXPERIMENT=", "GODEBUG=", "GOOS=linux", "CGO_ENABLED=0",
		"GOCACHE="+g.cache, "GOMODCACHE="+g.mod, "GOMAXPROCS="+strconv.Itoa(g.procs))
	command.Env = append(command.Env, env...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		if strings.Contains(stderr.String(), syscall.ENOSPC.Error()) {
			return "", fmt.Errorf("go %s in %s: %w", args[0], folder, syscall.ENOSPC)
		}
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, reason(stderr.String()))
	}
	return strings.TrimSpace(stdout.String()), nil
}

// build builds the program in a folder. Optimisation, which changes no layout, would take as
// long as all the rest.
func (g goCommand) build(ctx context.Context, folder, arch, output string) error {
	_, err := g.run(ctx, folder, []string{"GOARCH=" + arch}, "build", "-gcflags=all=-N -l", "-o", output, ".")
	return err
}

// maxReason bounds, in bytes, what the database keeps of an error.
const maxReason = 200

// reason makes one short line of the go command's complaints.
func reason(output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading ") {
			lines = append(lines, line)
		}
	}
	text := strings.Join(strings.Fields(strings.Join(lines, "; ")), " ")
	return text[:min(len(text), maxReason)]
}
