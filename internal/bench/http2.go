// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
)

// http2 requests a URL over TLS, all clients on one connection.
type http2 struct{ url string }

func (h http2) connect() (func() (*exchange, error), func(), error) {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- the target's certificate is self-signed
		Protocols:       new(http.Protocols),
	}
	transport.Protocols.SetHTTP2(true)
	return func() (*exchange, error) { return h.open(transport) }, transport.CloseIdleConnections, nil
}

func (h http2) open(transport *http.Transport) (*exchange, error) {
	request, err := http.NewRequest(http.MethodGet, h.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("Traceparent", traceparent)
	return &exchange{shared, func() error {
		response, err := transport.RoundTrip(request)
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
