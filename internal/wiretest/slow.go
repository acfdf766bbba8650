// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"net"
	"time"
)

const (
	// slowBuffer is the kernel's receive buffer of a slow peer, in bytes: room for two segments of the loopback device,
	// with less of it the client would wait for timers.
	slowBuffer = 128 << 10
	// slowPause is what it waits once in slowBytes, so that the client's send buffer is full most of the time.
	slowPause = 2 * time.Millisecond
	slowBytes = 64 << 10
)

// Slow is a protocol with a peer that reads slowly.
func Slow(protocol Protocol) Protocol {
	return func(p *Peer, conn net.Conn) Connection {
		if tcp, is := conn.(*net.TCPConn); is {
			if err := tcp.SetReadBuffer(slowBuffer); err != nil {
				return Connection{Faults: []string{err.Error()}}
			}
		}
		return protocol(p, &slowConn{Conn: conn})
	}
}

type slowConn struct {
	net.Conn
	read int // since the last pause
}

func (c *slowConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.read += n; c.read >= slowBytes {
		c.read = 0
		time.Sleep(slowPause)
	}
	return n, err
}
