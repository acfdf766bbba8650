// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// onOwnThread runs do on a thread that ends with it, and that is not the first one of the process:
// what /proc/self says about the test must not change.
func onOwnThread(do func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			do()
			return
		}
		// While this goroutine holds the first thread, another one cannot get it.
		held := make(chan struct{})
		go func() {
			runtime.LockOSThread()
			close(held)
			do()
		}()
		<-held
		runtime.UnlockOSThread()
	}()
}

// enterNamespaces moves the calling thread into those namespaces that its child shall have, and
// returns where the executable is there. A pid namespace is for children only: a clone flag.
func (x *Target) enterNamespaces(binary string) (string, error) {
	if x.settings.network {
		if err := x.newNetwork(); err != nil {
			return "", fmt.Errorf("network namespace: %w", err)
		}
	}
	if x.settings.networkOf != nil {
		if err := enterNetwork(x.settings.networkOf.netns); err != nil {
			return "", fmt.Errorf("network namespace of pid %d: %w", x.settings.networkOf.PID(), err)
		}
	}
	if x.settings.container == "" {
		return binary, nil
	}
	if err := newRoot(x.t.TempDir(), binary, x.settings.container); err != nil {
		return "", fmt.Errorf("container: %w", err)
	}
	return x.settings.container, nil
}

// newNetwork moves the thread into a new network namespace and sets its loopback device up.
func (x *Target) newNetwork() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	var err error
	if x.netns, err = os.Open("/proc/thread-self/ns/net"); err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	loopback, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	loopback.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, loopback)
}

// enterNetwork moves the thread into a network namespace.
func enterNetwork(namespace *os.File) error {
	return unix.Setns(int(namespace.Fd()), unix.CLONE_NEWNET)
}

// LocalPorts says which ports connections from the program's network namespace have at their own end.
func (x *Target) LocalPorts(first, last int) {
	x.t.Helper()
	failed := make(chan error, 1)
	onOwnThread(func() {
		err := enterNetwork(x.netns)
		if err == nil {
			err = os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", fmt.Appendf(nil, "%d %d", first, last), 0)
		}
		failed <- err
	})
	if err := <-failed; err != nil {
		x.t.Fatalf("local ports of pid %d: %v", x.PID(), err)
	}
}
