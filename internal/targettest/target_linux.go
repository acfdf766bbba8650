// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var (
	// readyTimeout is how long a program may take to say that it is ready, and stopTimeout how long
	// to end. They guard against a test that hangs; machines that build at the same time are slow.
	readyTimeout = Patience(time.Minute)
	stopTimeout  = Patience(time.Minute)
	// pipeTimeout is how long to wait for the end of the output of a process that has ended.
	pipeTimeout = Patience(5 * time.Second)
)

// Target is a running program.
type Target struct {
	t        testing.TB
	settings settings
	command  *exec.Cmd
	stdin    io.WriteCloser
	lines    chan string // of stdout, behind the first one
	output   tail
	addr     string
	netns    *os.File      // its network namespace, nil if that is the test's own
	exited   chan struct{} // closed once it has ended and its output is complete
	asked    atomic.Int32  // the signal that the test sent it to end it, 0 for none
}

// Start starts an executable of testdata and returns when it is ready. It ends with the test at the
// latest, also when the test process is killed. The test fails if the program ends in any other way
// than that which it was asked for: by itself, in a crash of the Go runtime, with another exit status.
func Start(t testing.TB, binary string, options ...Option) *Target {
	t.Helper()
	x := &Target{t: t, lines: make(chan string, 1), exited: make(chan struct{})}
	for _, option := range options {
		option(&x.settings)
	}
	started := make(chan error, 1)
	onOwnThread(func() { x.run(binary, started) })
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", binary, err)
	}
	t.Cleanup(x.end)

	select {
	case line := <-x.lines:
		x.addr = strings.TrimPrefix(line, "listening ")
	case <-x.exited:
		t.Fatalf("%s ended before it was ready: %v\n%s", binary, x.command.ProcessState, x.Output())
	case <-time.After(readyTimeout):
		t.Fatalf("%s was not ready after %v\n%s", binary, readyTimeout, x.Output())
	}
	return x
}

// run starts the program on a thread of its own, waits for its end and then ends the thread with it.
// The kernel sends Pdeathsig when the thread that forked ends, not the process; and the namespaces of
// a thread become those of its child.
func (x *Target) run(binary string, started chan<- error) {
	path, err := x.enterNamespaces(binary)
	if err != nil {
		started <- err
		return
	}
	x.command = exec.Command(path, x.settings.args...)
	x.command.Env = append(os.Environ(), x.settings.env...)
	x.command.Dir = "/"
	x.command.WaitDelay = pipeTimeout
	x.command.Stdout = io.MultiWriter(&x.output, &lineWriter{lines: x.lines})
	x.command.Stderr = &x.output
	x.command.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Cloneflags: x.settings.cloneflags,
	}
	if x.stdin, err = x.command.StdinPipe(); err == nil {
		err = x.command.Start()
	}
	started <- err
	if err == nil {
		x.command.Wait() // what it returns is in command.ProcessState too
		close(x.exited)
	}
}

// PID is the process id in the pid namespace of the test.
func (x *Target) PID() int { return x.command.Process.Pid }

// Address is the host and port that the program listens on.
func (x *Target) Address() string {
	address, err := netip.ParseAddrPort(x.addr)
	if err == nil && address.Addr().IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", address.Port())
	}
	return x.addr
}

// URL is the base URL of the program, without a slash at its end.
func (x *Target) URL() string {
	if x.settings.tls {
		return "https://" + x.Address()
	}
	return "http://" + x.Address()
}

// DialContext connects from within the network namespace of the program.
func (x *Target) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if x.netns == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	done := make(chan struct{})
	onOwnThread(func() {
		defer close(done)
		if err = enterNetwork(x.netns); err == nil {
			conn, err = new(net.Dialer).DialContext(ctx, network, address)
		}
	})
	<-done
	return conn, err
}

// Client returns an HTTP client that reaches the program and accepts its certificate. It does not
// follow redirects.
func (x *Target) Client() *http.Client {
	transport := &http.Transport{
		DialContext:       x.DialContext,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
		ForceAttemptHTTP2: true,
	}
	x.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: stay}
}

// stay keeps a client from following redirects.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Output is the end of what the program has written to stdout and stderr so far.
func (x *Target) Output() string { return x.output.String() }
