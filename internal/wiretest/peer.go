// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Message is what came of one request.
type Message struct {
	// ID tells which request it is: its path.
	ID string
	// Head is, in HTTP/1, all up to the empty line and with it. In HTTP/2 it is empty.
	Head []byte
	// Body is, in HTTP/1, all bytes between this request's head and the next one's, the framing of chunks included,
	// and behind a change of protocol all that follows.
	Body []byte
	// Fields are, in HTTP/2, the header fields in their order, but for those that were Added.
	Fields []Field
	// Added are the bytes of header fields at the end of the block, in HTTP/2, that are such as we add.
	Added []byte
	// Frames are, in HTTP/2, the frames of the stream in their order. Those of the header block are one, without
	// payload: they differ from run to run with the state of HPACK, and the peer holds them to Fields.
	Frames []Frame
	// Incomplete says that the connection ended in the middle of it.
	Incomplete bool
}

// Connection is what came by one connection.
type Connection struct {
	Messages []Message
	// Faults are what is wrong with its bytes by themselves.
	Faults []string
	// Size is the number of bytes.
	Size int
}

// Protocol speaks with a client to the end of the connection, and says what came.
type Protocol func(p *Peer, conn net.Conn) Connection

// Peer is a server that speaks one protocol.
type Peer struct {
	t        testing.TB
	listener net.Listener
	protocol Protocol

	mu          sync.Mutex
	open        map[net.Conn]bool
	connections []Connection
	attempts    map[string]int // requests by ID
	hold        chan struct{}  // closed when requests are to be answered
	held, until int
	requests    int
}

// Listen starts a peer on a free port of the loopback device. It ends with the test.
func Listen(t testing.TB, protocol Protocol) *Peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	p := &Peer{t: t, listener: listener, protocol: protocol, open: map[net.Conn]bool{}, attempts: map[string]int{}, hold: make(chan struct{})}
	close(p.hold)
	var running sync.WaitGroup
	running.Go(func() { p.accept(&running) })
	t.Cleanup(func() {
		listener.Close()
		p.mu.Lock()
		for conn := range p.open {
			conn.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	return p
}

func (p *Peer) accept(running *sync.WaitGroup) {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.open[conn] = true
		p.mu.Unlock()
		running.Go(func() {
			came := p.protocol(p, conn)
			conn.Close()
			p.mu.Lock()
			defer p.mu.Unlock()
			delete(p.open, conn)
			p.connections = append(p.connections, came)
		})
	}
}

// Address is the host and port that the peer listens on.
func (p *Peer) Address() string { return p.listener.Addr().String() }

const (
	// takeTimeout guards against connections that are never closed.
	takeTimeout = time.Minute
	// interval is the time between two looks at a condition that is waited for.
	interval = time.Millisecond
)

// Take waits until the client has closed its connections and returns what came by them, and forgets it.
func (p *Peer) Take() []Connection {
	p.t.Helper()
	for deadline := time.Now().Add(takeTimeout); ; time.Sleep(interval) {
		p.mu.Lock()
		if open := len(p.open); open > 0 {
			p.mu.Unlock()
			if time.Now().After(deadline) {
				p.t.Fatalf("%d connections to the peer are still open", open)
			}
			continue
		}
		taken := p.connections
		p.connections, p.attempts = nil, map[string]int{}
		p.mu.Unlock()
		return taken
	}
}

// Hold has the peer answer no request before n of them wait for it. Request 0 of those that the program propagation
// makes does not wait, and is none of them.
func (p *Peer) Hold(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hold, p.held, p.until = make(chan struct{}), 0, n
}

// arrived is called with each request. It returns how many with this ID there were before, and what is closed once
// it may be answered.
func (p *Peer) arrived(id string) (before int, answer <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	p.attempts[id]++
	before = p.attempts[id] - 1
	if strings.HasSuffix(id, "/0") {
		return before, answerNow
	}
	if p.held++; p.held == p.until {
		close(p.hold)
	}
	return before, p.hold
}

// answerNow is closed.
var answerNow = func() <-chan struct{} {
	closed := make(chan struct{})
	close(closed)
	return closed
}()

// Requests is how many requests have come so far.
func (p *Peer) Requests() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// TLS is a protocol within TLS.
func TLS(t testing.TB, within Protocol, alpn ...string) Protocol {
	t.Helper()
	certificate, err := selfSigned()
	if err != nil {
		t.Fatalf("make a certificate: %v", err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: alpn}
	return func(p *Peer, conn net.Conn) Connection {
		secured := tls.Server(conn, config)
		if err := secured.Handshake(); isEnd(err) {
			return Connection{} // clients dial more often than they need to
		} else if err != nil {
			return Connection{Faults: []string{fmt.Sprintf("TLS: %v", err)}}
		}
		defer secured.Close()
		return within(p, secured)
	}
}
