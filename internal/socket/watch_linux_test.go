// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/cilium/ebpf/ringbuf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// target makes this process one whose requests are given headers in the socket layer.
func (w *Way) target(t *testing.T) {
	t.Helper()
	value := struct {
		Binary, Settings  uint32
		Network, Identity uint64
	}{Binary: 1, Settings: uint32(loader.PropagateSocket)}
	require.NoError(t, w.collection.Maps["targets"].Put(uint32(os.Getpid()), value))
}

// requests returns what the kernel side has asked for so far.
func (w *Way) requests(t *testing.T) (asked []request) {
	t.Helper()
	ring, err := ringbuf.NewReader(w.collection.Maps["events"])
	require.NoError(t, err)
	defer ring.Close()
	ring.SetDeadline(time.Now())
	for {
		record, err := ring.Read()
		if err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			return asked
		}
		r, err := decode(record.RawSample)
		require.NoError(t, err)
		asked = append(asked, r)
	}
}

// TestNewConnections: those that a target makes are watched from the start, those that it accepts are not, and those of
// other processes never.
func TestNewConnections(t *testing.T) {
	w := open(t)
	for name, host := range map[string]string{"IPv4": "127.0.0.1", "IPv6": "::1"} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
			require.NoError(t, err)
			defer listener.Close()
			before, err := net.Dial("tcp", listener.Addr().String())
			require.NoError(t, err)
			defer before.Close()
			assert.Empty(t, w.watched(t), "the process is no target yet")

			w.target(t)
			_, port, err := net.SplitHostPort(listener.Addr().String())
			require.NoError(t, err)
			other := exec.Command("bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%s; echo connected; read -u 3", host, port))
			output, err := other.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, other.Start())
			defer func() {
				require.NoError(t, other.Process.Kill())
				require.Error(t, other.Wait())
			}()
			_, err = bufio.NewReader(output).ReadString('\n')
			require.NoError(t, err)
			assert.Empty(t, w.watched(t), "another process")

			conn, err := net.Dial("tcp", listener.Addr().String())
			require.NoError(t, err)
			assert.Equal(t, []connectionKey{keyOf(conn)}, w.watched(t))
			var c connection
			require.NoError(t, w.connections.Lookup(keyOf(conn), &c))
			assert.Equal(t, followed, c.State)
			require.NoError(t, conn.Close())
			assert.Eventually(t, func() bool { return len(w.watched(t)) == 0 }, 5*time.Second, time.Millisecond)
			require.NoError(t, w.collection.Maps["targets"].Delete(uint32(os.Getpid())))
		})
	}
}

// TestFirstRequest: what is armed before the first byte of a new connection is inserted.
func TestFirstRequest(t *testing.T) {
	w := open(t)
	w.target(t)
	conn, peer := dial(t)
	s := &stream{t: t, way: w, conn: conn, peer: peer, key: keyOf(conn)}
	head, tail := []byte("GET / HTTP/1.1\r\nHost: a.example\r\n"), []byte("\r\n")
	request := newRequest()
	s.arm(kindLine, len(head), 0, request)
	sent := append(head[:len(head):len(head)], tail...)
	expected := append(append(head[:len(head):len(head)], request.line("")...), tail...)
	assert.Equal(t, string(expected), string(s.transfer(sent, []int{len(sent)})))
	assert.Empty(t, w.requests(t))
}

// TestIdleConnections: a new connection whose first message is no request is not watched any more, one that begins as
// HTTP/2 does is given time.
func TestIdleConnections(t *testing.T) {
	w := open(t)
	w.target(t)
	for first, leaves := range map[string]bool{
		"\x16\x03\x01 a ClientHello":       true,
		"x":                                true,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": false,
	} {
		conn, _ := dial(t)
		_, err := conn.Write([]byte(first))
		require.NoError(t, err)
		asked := w.requests(t)
		if !leaves {
			assert.Empty(t, asked, first)
			continue
		}
		assert.Equal(t, []request{{key: keyOf(conn)}}, asked, first)
		require.NoError(t, w.leave(asked[0].key))
		require.NoError(t, w.leave(asked[0].key), "again")
		assert.NotContains(t, w.watched(t), keyOf(conn))
	}
}

// TestMismatch: if something else stands at the place of an insertion, nothing is inserted, now or later.
func TestMismatch(t *testing.T) {
	w := open(t)
	for name, test := range map[string]struct {
		kind   uint8
		offset int
		sent   []byte
	}{
		"no line":        {kindLine, 10, []byte("0123456789012345678901234567890123456789")},
		"half a line":    {kindLine, 10, []byte("01234567\r8901234567890123456789")},
		"another stream": {kindFrame, 0, appendFrame(nil, frameHeaders, flagEndHeaders, 9, 20)},
		"another frame":  {kindFrame, 0, appendFrame(nil, frameData, 0, 5, 20)},
		"no frame":       {kindFrame, 0, []byte("GET / HTTP/1.1\r\n\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			s := watchNew(t, w)
			s.arm(test.kind, test.offset, 5, newRequest())
			s.arm(test.kind, test.offset+len(test.sent), 5, newRequest())
			before := w.outcomes(t)
			frame := appendFrame(nil, frameHeaders, flagEndHeaders, 5, 20)
			sent := append(test.sent[:len(test.sent):len(test.sent)], frame...)
			assert.Equal(t, sent, s.transfer(sent, []int{len(test.sent), len(sent)}))
			after := w.outcomes(t)
			assert.Equal(t, before[outcomeMismatch]+1, after[outcomeMismatch])
			assert.Equal(t, before[outcomeInserted], after[outcomeInserted])
			assert.Equal(t, lost, s.state().State)
			assert.Equal(t, []request{{key: s.key}}, w.requests(t))
		})
	}
}

// TestWatchOther: a file descriptor that is something else by now is left alone.
func TestWatchOther(t *testing.T) {
	w := open(t)
	conn, peer := dial(t)
	other, _ := dial(t)
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer udp.Close()
	raw, err := udp.(*net.UDPConn).SyscallConn()
	require.NoError(t, err)
	var datagram int
	require.NoError(t, raw.Control(func(fd uintptr) { datagram = int(fd) }))

	for name, fd := range map[string]int{"another connection": number(t, other), "no connection": datagram, "nothing": 1 << 19} {
		assert.Error(t, w.watch(request{key: keyOf(conn), fd: fd, watch: true}), name)
	}
	key := keyOf(conn)
	key.TGID = 1 << 22
	assert.ErrorIs(t, w.watch(request{key: key, fd: number(t, conn), watch: true}), unix.ESRCH)
	require.NoError(t, peer.SetLinger(0))
	require.NoError(t, peer.Close())
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	assert.Error(t, w.watch(request{key: keyOf(conn), fd: number(t, conn), watch: true}), "reset")
	assert.Empty(t, w.watched(t))
}

// TestHeldByAnother: a socket that is in another map of sockets with a program stays there alone.
func TestHeldByAnother(t *testing.T) {
	first, second := open(t), open(t)
	s := watchNew(t, first)
	assert.ErrorContains(t, second.watch(request{key: s.key, fd: number(t, s.conn), watch: true}), "another eBPF program has the socket")
	var c connection
	require.NoError(t, second.connections.Lookup(s.key, &c))
	assert.Equal(t, lost, c.State)
	assert.Equal(t, []connectionKey{s.key}, first.watched(t))
}

// watcherPID makes the test's own program watch a socket of another process, until it is killed.
const watcherPID = "SOCKET_TEST_WATCH"

func TestMain(m *testing.M) {
	if text := os.Getenv(watcherPID); text != "" {
		os.Exit(watchForOther(text))
	}
	os.Exit(m.Run())
}

// watchForOther watches a socket that is told by the process, the file descriptor and the ports.
func watchForOther(text string) int {
	r := request{watch: true}
	_, err := fmt.Sscan(text, &r.key.TGID, &r.fd, &r.key.LocalPort, &r.key.RemotePort)
	r.key.Local = [16]byte{10: 0xff, 11: 0xff, 12: 127, 15: 1}
	r.key.Remote = r.key.Local
	if err == nil {
		var l *loader.Loader
		if l, err = loader.Load(nil); err == nil {
			var w *Way
			if w, err = Open(l); err == nil {
				err = w.watch(r)
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("watching")
	select {}
}

// TestKilled: who watches is killed in the middle of traffic, and the connection does not notice.
func TestKilled(t *testing.T) {
	conn, peer := dial(t)
	self, err := os.Executable()
	require.NoError(t, err)
	content := make([]byte, 1<<20)
	_, err = rand.Read(content)
	require.NoError(t, err)
	received := make(chan []byte, 1)
	go func() {
		all, _ := io.ReadAll(peer)
		received <- all
	}()
	var sent bytes.Buffer
	send := func(until time.Time) {
		for time.Now().Before(until) {
			n, err := conn.Write(content[:1+sent.Len()%70000])
			require.NoError(t, err)
			sent.Write(content[:n])
		}
	}
	for range 3 {
		watcher := exec.Command(self)
		watcher.Stderr = os.Stderr
		watcher.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %d", watcherPID, os.Getpid(), number(t, conn), keyOf(conn).LocalPort, keyOf(conn).RemotePort))
		output, err := watcher.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, watcher.Start())
		line, err := bufio.NewReader(output).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "watching\n", line)
		send(time.Now().Add(50 * time.Millisecond))
		require.NoError(t, watcher.Process.Kill())
		send(time.Now().Add(100 * time.Millisecond))
		require.Error(t, watcher.Wait())
	}
	require.NoError(t, conn.CloseWrite())
	assert.True(t, bytes.Equal(sent.Bytes(), <-received))
}
