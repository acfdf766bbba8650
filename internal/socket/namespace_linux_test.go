// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inNetworkNamespace runs f on a thread in a network namespace of its own, whose loopback device is up.
func inNetworkNamespace(t *testing.T, f func() error) {
	t.Helper()
	failure := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		failure <- func() error {
			if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
				return err
			}
			if err := loopbackUp(); err != nil {
				return err
			}
			return f()
		}()
	}()
	require.NoError(t, <-failure)
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
}

// TestNetworkNamespace: the programs see the connections of all network namespaces.
func TestNetworkNamespace(t *testing.T) {
	w := open(t)
	w.target(t)
	head := []byte("GET / HTTP/1.1\r\nHost: a.example\r\n")
	var conn, peer net.Conn
	inNetworkNamespace(t, func() error {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer listener.Close()
		// Both wait in the kernel's queues only: what runs on other threads would be in another namespace.
		if conn, err = net.Dial("tcp", listener.Addr().String()); err != nil {
			return err
		}
		peer, err = listener.Accept()
		return err
	})
	defer conn.Close()
	defer peer.Close()
	s := &stream{t: t, way: w, conn: conn.(*net.TCPConn), peer: peer.(*net.TCPConn), key: keyOf(conn)}
	assert.Equal(t, []connectionKey{s.key}, w.watched(t))

	request := newRequest()
	s.arm(kindLine, len(head), 0, request)
	_, err := conn.Write(append(head[:len(head):len(head)], "\r\n"...))
	require.NoError(t, err)
	require.NoError(t, s.conn.CloseWrite())
	received, err := io.ReadAll(peer)
	require.NoError(t, err)
	assert.Equal(t, string(head)+string(request.line(""))+"\r\n", string(received))
}
