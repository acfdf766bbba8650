// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
)

// traceparent is that of every request.
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// headers are what a request of another service has as a rule. Over HTTP/2, net/http sends the same.
const headers = "User-Agent: Go-http-client/1.1\r\n" +
	"Accept: */*\r\n" +
	"Accept-Encoding: gzip\r\n" +
	"Traceparent: " + traceparent + "\r\n"

// exchange is how a client talks to a server.
type exchange struct {
	io.Closer
	request func() error // sends a request and reads its response
}

// openHTTP1 opens a connection for requests of one URL. It takes as little from the processors as it
// can, for the server runs on the same ones.
func openHTTP1(target string) (*exchange, error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", parsed.Host)
	if err != nil {
		return nil, err
	}
	request := []byte("GET " + parsed.RequestURI() + " HTTP/1.1\r\nHost: " + parsed.Host + "\r\n" + headers + "\r\n")
	reader := bufio.NewReader(conn)
	return &exchange{conn, func() error {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		return readResponse(reader)
	}}, nil
}

// readResponse reads a response that says its length.
func readResponse(reader *bufio.Reader) error {
	status, err := reader.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("response %q", status)
	}
	length := -1
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == len("\r\n") {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("response without a length")
	}
	_, err = reader.Discard(length)
	return err
}

// transport is a connection of HTTP/2 that clients share.
type transport struct{ http.Transport }

func newTransport() *transport {
	x := &transport{}
	x.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // #nosec G402 -- the target's certificate is self-signed
	x.Protocols = new(http.Protocols)
	x.Protocols.SetHTTP2(true)
	return x
}

func (x *transport) open(target string) (*exchange, error) {
	request, err := http.NewRequest(http.MethodGet, target, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Traceparent", traceparent)
	return &exchange{io.NopCloser(nil), func() error {
		response, err := x.RoundTrip(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return errors.New("response " + response.Status)
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}}, nil
}
