// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// programVariable makes the test binary a program that does what its input says,
// line by line, and ends with it.
const programVariable = "DISCOVERY_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(programVariable) == "" {
		os.Exit(m.Run())
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		answer, err := commands[command](argument)
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println(answer)
	}
}

var listeners []net.Listener

var commands = map[string]func(argument string) (string, error){
	"echo": func(text string) (string, error) { return text, nil },
	"listen": func(address string) (string, error) {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return "", err
		}
		listeners = append(listeners, l)
		_, port, err := net.SplitHostPort(l.Addr().String())
		return port, err
	},
	"watch": watchOnce,
	"exec": func(path string) (string, error) {
		return "", syscall.Exec(path, []string{path}, os.Environ())
	},
	// A container in small: bind the machine's root and, over its /mnt, a folder below
	// root, and make that the root.
	"pivot": func(root string) (string, error) {
		if err := bindRoot(root); err != nil {
			return "", err
		}
		if err := os.Chdir(root); err != nil {
			return "", err
		}
		if err := unix.PivotRoot(".", "."); err != nil {
			return "", fmt.Errorf("pivot_root: %w", err)
		}
		return "", unix.Unmount(".", unix.MNT_DETACH)
	},
	// What two containers of one image see: a mount of its own over the same layers.
	"overlay": func(folder string) (string, error) {
		layers := "lowerdir=" + filepath.Join(folder, "layer") + ":" + filepath.Join(folder, "base")
		return "", unix.Mount("overlay", filepath.Join(folder, "merged"), "overlay", unix.MS_RDONLY, layers)
	},
	"chroot": func(root string) (string, error) {
		if err := bindRoot(root); err != nil {
			return "", err
		}
		return "", unix.Chroot(root)
	},
}

func bindRoot(root string) error {
	if err := unix.Mount("/", root, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind /: %w", err)
	}
	return unix.Mount(filepath.Join(filepath.Dir(root), "private"), filepath.Join(root, "mnt"), "", unix.MS_BIND, "")
}

// program is a running copy of the test binary.
type program struct {
	t   testing.TB
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// install copies the test binary, so that the path is the test's own.
func install(t testing.TB, path string) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, targettest.CopyExecutable("/proc/self/exe", path+".new"))
	require.NoError(t, os.Rename(path+".new", path))
	return path
}

// start runs a copy of the test binary until the end of the test.
func start(t testing.TB, path string, options ...func(*exec.Cmd)) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(path)}
	p.cmd.Env = append(os.Environ(), programVariable+"=1")
	p.cmd.Stderr = os.Stderr
	for _, option := range options {
		option(p.cmd)
	}
	var err error
	p.in, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.out = bufio.NewReader(out)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(p.stop)
	return p
}

func (p *program) pid() int { return p.cmd.Process.Pid }

// do gives a command and returns the answer.
func (p *program) do(command string) string {
	p.t.Helper()
	p.send(command)
	answer, err := p.out.ReadString('\n')
	require.NoError(p.t, err, command)
	require.NotContains(p.t, answer, "error:", command)
	return strings.TrimSpace(answer)
}

// send gives a command that is not answered.
func (p *program) send(command string) {
	p.t.Helper()
	_, err := fmt.Fprintln(p.in, command)
	require.NoError(p.t, err)
}

// stop ends the program; it may be called twice.
func (p *program) stop() {
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}
