// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
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

// http1 requests a URL, each client on a connection of its own. It takes as little from the processors
// as it can, for the server runs on the same ones.
type http1 struct{ url string }

func (h http1) connect() (func() (*exchange, error), func(), error) {
	return h.open, func() {}, nil
}

func (h http1) open() (*exchange, error) {
	parsed, err := url.Parse(h.url)
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
