// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// databases is a kind of database servers, of which one runs at a time: all tests that run at the same
// time share it, and it ends with the last of them.
type databases struct {
	debian  string // the package that has the programs
	account string // that the programs run as, for they refuse to be root
	// script, for sh, runs a server in the folder $1 on the port $2 until its own stdin ends, and leaves
	// nothing behind. It prints "ready\n" when clients can connect, else what is wrong. The test has the
	// other end of stdin, so that the server also ends when the test process is killed.
	script string

	mu      sync.Mutex
	users   int
	running *database
}

// database is a running database server.
type database struct {
	// Port is where it listens, on 127.0.0.1. Its socket is in Folder.
	Port   int
	Folder string

	script *exec.Cmd
	stdin  io.Closer
}

// use returns a server for the length of a test.
func (d *databases) use(t testing.TB) *database {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users == 0 {
		var err error
		if d.running, err = d.start(); err != nil {
			t.Fatalf("start the server of Debian's package %s: %v", d.debian, err)
		}
	}
	d.users++
	t.Cleanup(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.users--; d.users > 0 {
			return
		}
		if err := d.running.stop(); err != nil {
			t.Errorf("stop the server of Debian's package %s: %v", d.debian, err)
		}
	})
	return d.running
}

// portAttempts is how often a server is started: somebody else may take the free port before it does.
const portAttempts = 3

func (d *databases) start() (running *database, err error) {
	for range portAttempts {
		if running, err = d.try(); err == nil {
			break
		}
	}
	return running, err
}

func (d *databases) try() (*database, error) {
	credential, err := credentialOf(d.account)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "ebpfgo-"+d.debian+"-")
	if err != nil {
		return nil, err
	}
	if err := os.Chown(folder, int(credential.Uid), int(credential.Gid)); err != nil {
		return nil, err
	}
	x := &database{Port: port, Folder: folder}
	x.script = exec.Command("/bin/sh", "-c", d.script, d.debian, folder, strconv.Itoa(port))
	x.script.Dir = "/"
	// In a process group of its own it does not see the signal by which a terminal ends the test.
	x.script.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	output, err := x.script.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if x.stdin, err = x.script.StdinPipe(); err != nil {
		return nil, err
	}
	if err := x.script.Start(); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(output)
	first, _ := reader.ReadString('\n')
	if first == "ready\n" {
		return x, nil
	}
	rest, _ := io.ReadAll(reader)
	return nil, errors.Join(fmt.Errorf("%s%s", first, rest), x.stop())
}

// stop ends the server and removes its folder.
func (x *database) stop() error {
	if err := x.stdin.Close(); err != nil {
		return err
	}
	return x.script.Wait()
}

// Address is the host and port on which the server listens.
func (x *database) Address() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(x.Port))
}

func credentialOf(account string) (*syscall.Credential, error) {
	found, err := user.Lookup(account)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
