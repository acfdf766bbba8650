// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// recorder is a connection that keeps what is read from it.
type recorder struct {
	net.Conn
	read []byte
}

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.read = append(r.read, b[:n]...)
	return n, err
}

// isEnd tells whether an error says that the connection is over. It is reset where the client has closed it with an
// answer unread, to a PING for example. That no request is cut off is seen in the messages.
func isEnd(err error) bool {
	for _, end := range []error{io.EOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
}
