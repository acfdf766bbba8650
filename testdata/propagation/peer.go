// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// peer is what requests of a command go to.
type peer struct {
	url    string // with the scenario as its path
	client *http.Client
}

func newPeer(c command, transport *http.Transport) *peer {
	return &peer{
		url:    baseURL(c.Protocol, c.Address) + "/" + c.Scenario + "/",
		client: &http.Client{Transport: transport},
	}
}

// request makes request i, whose path tells which it is.
func (p *peer) request(i int, body io.Reader) *http.Request {
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequest(method, p.url+strconv.Itoa(i), body)
	if err != nil {
		panic(err) // the address is none, which no test wants
	}
	return r
}

// do sends a request and reads its response, which answers with the same bytes each time.
func (p *peer) do(r *http.Request) error {
	response, err := p.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("body of the response to %s: %w", r.URL.Path, err)
	}
	if response.StatusCode != http.StatusOK || !bytes.Equal(body, []byte("ok")) {
		return fmt.Errorf("response to %s: %s, %.100q", r.URL.Path, response.Status, body)
	}
	return nil
}
