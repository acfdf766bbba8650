// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"strings"
)

// rawScenarios are what can be had by a protocol of the program's own, with a peer that sends every byte back.
var rawScenarios = map[string]func(conn net.Conn, address string, random *rand.Rand) error{
	"echo": func(conn net.Conn, _ string, random *rand.Rand) error { return talk(conn, random) },
	// Requests that the program writes itself, several before it looks for answers.
	"pipelined": func(conn net.Conn, address string, random *rand.Rand) error {
		var sent strings.Builder
		for n := 2 + random.Intn(8); n > 0; n-- {
			r, err := http.NewRequest(http.MethodPut, "http://"+address+"/pipelined", content(random, random.Intn(9000)))
			if err != nil {
				return err
			}
			addHeaders(r.Header, random)
			if err := r.Write(io.MultiWriter(conn, &sent)); err != nil {
				return err
			}
		}
		back := make([]byte, sent.Len())
		if _, err := io.ReadFull(conn, back); err != nil {
			return err
		}
		if string(back) != sent.String() {
			return fmt.Errorf("%d bytes of requests came back changed", len(back))
		}
		return nil
	},
}

func openRaw(c command) (exchange, func() error, error) {
	scenario, known := rawScenarios[c.Scenario]
	if !known {
		return nil, nil, fmt.Errorf("no scenario %q of TCP", c.Scenario)
	}
	return func(_ int, random *rand.Rand) error {
		conn, err := net.Dial("tcp", c.Address)
		if err != nil {
			return err
		}
		defer conn.Close()
		return scenario(conn, c.Address, random)
	}, func() error { return nil }, nil
}

// The bytes with which HTTP/2 begins: the preface, empty SETTINGS, and HEADERS of stream 1 that end it.
const http2Request = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
	"\x00\x00\x00\x04\x00\x00\x00\x00\x00" +
	"\x00\x00\x03\x01\x05\x00\x00\x00\x01" + "\x82\x86\x84" // GET, http, /

// lookAlikes are bytes that look as if they could be given a header.
func lookAlikes() [][]byte {
	return [][]byte{
		[]byte("GET /plain/1 HTTP/1.1\r\nHost: peer.test\r\nUser-Agent: Go-http-client/1.1\r\nAccept-Encoding: gzip\r\n\r\n"),
		[]byte("\r\n\r\n"),
		[]byte(http2Request),
		[]byte(http2Request[24:]),
		[]byte(strings.Repeat("\x00\x00\x03\x01\x05\x00\x00\x00\x01\x82\x86\x84", 500)),
	}
}
