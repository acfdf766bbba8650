// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// traceparent is that of every request, unsampledParent that of one that is not to be sampled.
const unsampledParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// headers are what a request of another service has as a rule. Over HTTP/2, net/http sends the same.
const headers = "User-Agent: Go-http-client/1.1\r\n" +
	"Accept: */*\r\n" +
	"Accept-Encoding: gzip\r\n" +
	"Traceparent: "

// http1 requests URLs by turns, each client on connections of its own. It takes as little from the
// processors as it can, for the server runs on the same ones.
type http1 struct {
	urls    []string
	headers int // besides those of every request
	parent  string
}

func http1To(urls ...string) http1 { return http1{urls: urls, parent: traceparent} }

// unsampled is the same without spans.
func (h http1) unsampled() protocol {
	h.parent = unsampledParent
	return h
}

func (h http1) connect() (func() (*exchange, error), func(), error) {
	return h.open, func() {}, nil
}

func (h http1) open() (*exchange, error) {
	var clients http1Clients
	for _, target := range h.urls {
		client, err := h.dial(target)
		if err != nil {
			return nil, errors.Join(err, clients.Close())
		}
		clients = append(clients, client)
	}
	next := 0
	return &exchange{clients, func() error {
		client := clients[next]
		next = (next + 1) % len(clients)
		return client.send()
	}}, nil
}

// http1Client is a connection and what is sent on it.
type http1Client struct {
	conn    net.Conn
	reader  *bufio.Reader
	request []byte
}

type http1Clients []http1Client

var _ io.Closer = http1Clients{}

func (h http1) dial(target string) (http1Client, error) {
	parsed, err := url.Parse(target)
	if err != nil {
		return http1Client{}, err
	}
	conn, err := net.Dial("tcp", parsed.Host)
	if err != nil {
		return http1Client{}, err
	}
	var more strings.Builder
	for i := range h.headers {
		fmt.Fprintf(&more, "X-Header-%d: a value as long as many are\r\n", i)
	}
	request := "GET " + parsed.RequestURI() + " HTTP/1.1\r\nHost: " + parsed.Host + "\r\n" + headers + h.parent + "\r\n" + more.String() + "\r\n"
	return http1Client{conn, bufio.NewReader(conn), []byte(request)}, nil
}

func (c http1Client) send() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	return readResponse(c.reader)
}

func (c http1Clients) Close() error {
	var errs []error
	for _, client := range c {
		errs = append(errs, client.conn.Close())
	}
	return errors.Join(errs...)
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
