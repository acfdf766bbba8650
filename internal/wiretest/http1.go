// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// HTTP1 answers each request with 200. It breaks the connection at the first attempt of a request to /retry/, unless
// it is the connection's first, which clients do not repeat; and it makes an echo of one that asks for an upgrade.
func HTTP1(p *Peer, conn net.Conn) (came Connection) {
	came, _ = http1(p, &recorder{Conn: conn}, nil)
	return came
}

// Proxy answers as HTTP1 does, but hands a connection over to another protocol at CONNECT.
func Proxy(behind Protocol) Protocol {
	return func(p *Peer, conn net.Conn) Connection {
		came, _ := http1(p, &recorder{Conn: conn}, behind)
		return came
	}
}

func http1(p *Peer, conn *recorder, behind Protocol) (came Connection, err error) {
	defer func() {
		came.Size = len(conn.read)
		if err != nil && !isEnd(err) {
			came.Faults = append(came.Faults, err.Error())
		}
	}()
	for buffered := bufio.NewReader(conn); ; {
		position := func() int { return len(conn.read) - buffered.Buffered() }
		start := position()
		r, err := http.ReadRequest(buffered)
		if err != nil {
			if rest := conn.read[start:]; len(rest) > 0 {
				err = fmt.Errorf("%q is no request: %w", rest, err)
			}
			return came, err
		}
		headEnd := position()
		came.Messages = append(came.Messages, Message{ID: r.URL.Path, Head: conn.read[start:headEnd:headEnd]})
		message := &came.Messages[len(came.Messages)-1]
		before, answer := p.arrived(message.ID)
		switch {
		case strings.HasPrefix(message.ID, "/retry/") && before == 0 && len(came.Messages) > 1:
			return came, nil
		case r.Method == http.MethodConnect:
			message.ID = connectID
			return connected(p, came, conn, buffered, behind)
		case r.Header.Get("Upgrade") != "":
			_, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			if err == nil {
				_, err = io.Copy(conn.Conn, buffered)
			}
			message.Body = conn.read[headEnd:]
			return came, err
		case r.Header.Get("Expect") != "":
			if _, err := io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return came, err
			}
		}
		_, err = io.Copy(io.Discard, r.Body)
		message.Incomplete = err != nil
		end := position()
		message.Body = conn.read[headEnd:end:end]
		if err != nil {
			return came, err
		}
		<-answer
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return came, err
		}
	}
}

// connectID is the ID of requests to a proxy for a connection, which transports make by themselves.
const connectID = "CONNECT"

// connected goes on with what is behind a proxy, and puts what came there behind the request to the proxy.
func connected(p *Peer, came Connection, conn *recorder, buffered *bufio.Reader, behind Protocol) (Connection, error) {
	if behind == nil || buffered.Buffered() > 0 {
		return came, errors.New("CONNECT is not expected, nor bytes behind it")
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return came, err
	}
	within := behind(p, conn.Conn)
	came.Messages = append(came.Messages, within.Messages...)
	came.Faults = append(came.Faults, within.Faults...)
	return came, nil
}

// Echo sends every byte back. All of them are one message, which is raw.
func Echo(_ *Peer, conn net.Conn) Connection {
	r := &recorder{Conn: conn}
	_, err := io.Copy(conn, r)
	came := Connection{Messages: []Message{{ID: "raw", Body: r.read}}, Size: len(r.read)}
	if err != nil && !isEnd(err) {
		came.Faults = []string{err.Error()}
	}
	return came
}
