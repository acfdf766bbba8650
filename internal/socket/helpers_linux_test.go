// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// insertionKey and insertion are the structs of bpf/include/insertion.h with that of
// outgoing.h: what a uprobe arms, which tests arm by themselves.
type insertionKey struct {
	Connection      uint64
	Number, Padding uint32
}

type spanContext struct {
	TraceID [2]uint64
	SpanID  uint64
}

type outgoing struct {
	Context                                    spanContext
	Object, GoID                               uint64
	Sharers                                    uint32
	Sampled, HasTracestate, Ambiguous, Padding uint8
}

type insertion struct {
	Request            outgoing
	Position, StreamID uint32
	Kind               uint8
	Padding            [7]uint8
}

const (
	kindLine  = 0
	kindFrame = 1
)

// The outcomes that the sk_msg program counts, enum propagation.
const (
	outcomeInserted = 1
	outcomeNoRoom   = 4
	outcomeSplit    = 5
	outcomeMismatch = 13
)

// open attaches the programs for one test.
func open(t *testing.T) *Way {
	t.Helper()
	l, err := loader.Load(nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	w, err := Open(l)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	return w
}

// stream is a watched connection of this process, and its other end.
type stream struct {
	t    *testing.T
	way  *Way
	conn *net.TCPConn
	peer *net.TCPConn
	key  connectionKey
}

func dial(t *testing.T) (conn, peer *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	dialed, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	accepted, err := listener.Accept()
	require.NoError(t, err)
	t.Cleanup(func() {
		dialed.Close()
		accepted.Close()
	})
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

func keyOf(conn net.Conn) connectionKey {
	local := conn.LocalAddr().(*net.TCPAddr).AddrPort()
	remote := conn.RemoteAddr().(*net.TCPAddr).AddrPort()
	return connectionKey{
		TGID: uint64(os.Getpid()), Local: local.Addr().As16(), Remote: remote.Addr().As16(),
		LocalPort: local.Port(), RemotePort: remote.Port(),
	}
}

// number returns the file descriptor of a connection.
func number(t *testing.T, conn *net.TCPConn) int {
	t.Helper()
	raw, err := conn.SyscallConn()
	require.NoError(t, err)
	fd := -1
	require.NoError(t, raw.Control(func(f uintptr) { fd = int(f) }))
	return fd
}

// watchNew returns a new connection that is watched, and whose position is known.
func watchNew(t *testing.T, w *Way) *stream {
	t.Helper()
	conn, peer := dial(t)
	s := &stream{t: t, way: w, conn: conn, peer: peer, key: keyOf(conn)}
	require.NoError(t, w.watch(request{key: s.key, fd: number(t, conn), watch: true}))
	const first = "first"
	_, err := conn.Write([]byte(first))
	require.NoError(t, err)
	_, err = peer.Read(make([]byte, len(first)))
	require.NoError(t, err)
	require.Equal(t, followed, s.state().State)
	return s
}

func (s *stream) state() connection {
	s.t.Helper()
	var c connection
	require.NoError(s.t, s.way.connections.Lookup(s.key, &c))
	return c
}

// arm does what a uprobe does: offset counts from what was sent so far.
func (s *stream) arm(kind uint8, offset int, streamID uint32, request outgoing) {
	s.t.Helper()
	c := s.state()
	key := insertionKey{Connection: c.ID, Number: c.Tail}
	value := insertion{Request: request, Position: c.Position + uint32(offset), StreamID: streamID, Kind: kind}
	require.NoError(s.t, s.way.collection.Maps["insertions"].Put(key, value))
	c.Tail++
	require.NoError(s.t, s.way.connections.Put(s.key, c))
}

// newRequest returns a request with identifiers of its own.
func newRequest() outgoing {
	return outgoing{
		Context: spanContext{TraceID: [2]uint64{rand.Uint64(), rand.Uint64()}, SpanID: rand.Uint64()}, Sampled: uint8(rand.IntN(2)),
	}
}

// setTracestate gives a request a tracestate to pass on.
func (w *Way) setTracestate(t *testing.T, request *outgoing, text string) {
	t.Helper()
	key := [3]uint64{request.Context.TraceID[0], request.Context.TraceID[1], uint64(os.Getpid())}
	value := struct {
		Key           [3]uint64
		Owner, Length uint64
		Text          [512]byte
	}{Key: key, Length: uint64(len(text))}
	for i := range value.Text {
		value.Text[i] = ' '
	}
	copy(value.Text[:], text)
	require.NoError(t, w.collection.Maps["tracestates"].Put(key, value))
	request.HasTracestate = 1
}

// traceparent is what a request is to be given.
func (r outgoing) traceparent() string {
	return fmt.Sprintf("00-%s%s-%s-0%d", inMemory(r.Context.TraceID[0]), inMemory(r.Context.TraceID[1]), inMemory(r.Context.SpanID), r.Sampled)
}

// inMemory writes a word in hexadecimal digits, byte by byte.
func inMemory(word uint64) string {
	text := ""
	for range 8 {
		text += fmt.Sprintf("%02x", byte(word))
		word >>= 8
	}
	return text
}

// line is what is inserted into HTTP/1.1.
func (r outgoing) line(tracestate string) []byte {
	text := "Traceparent: " + r.traceparent() + "\r\n"
	if tracestate != "" {
		text += "Tracestate: " + tracestate + "\r\n"
	}
	return []byte(text)
}

// field is what is inserted into HTTP/2: RFC 7541, section 6.2.3.
func (r outgoing) field(tracestate string) []byte {
	text := append([]byte("\x10\x0btraceparent\x37"), r.traceparent()...)
	if tracestate == "" {
		return text
	}
	text = append(text, "\x10\x0atracestate"...)
	n := len(tracestate)
	if n < 127 {
		return append(append(text, byte(n)), tracestate...)
	}
	text = append(text, 127)
	for n -= 127; n >= 128; n >>= 7 {
		text = append(text, byte(n)|0x80)
	}
	return append(append(text, byte(n)), tracestate...)
}

// outcomes returns how often each outcome was counted.
func (w *Way) outcomes(t *testing.T) []uint64 {
	t.Helper()
	m := w.collection.Maps["propagations"]
	counts := make([]uint64, m.MaxEntries())
	for i := range counts {
		require.NoError(t, m.Lookup(uint32(i), &counts[i]))
	}
	return counts
}

// watched returns the keys of all watched sockets.
func (w *Way) watched(t *testing.T) []connectionKey {
	t.Helper()
	var keys []connectionKey
	var key connectionKey
	var next any
	for {
		err := w.sockets.NextKey(next, &key)
		if err != nil {
			require.ErrorIs(t, err, ebpf.ErrKeyNotExist)
			return keys
		}
		keys = append(keys, key)
		next = key
	}
}
