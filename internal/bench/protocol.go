// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "io"

// protocol is how clients talk to a target.
type protocol interface {
	// connect returns what opens each client's exchange, and what is to be called after the last one.
	connect() (open func() (*exchange, error), disconnect func(), err error)
}

// exchange is how one client talks to a target.
type exchange struct {
	io.Closer
	request func() error // sends a request and reads its response
}

// shared is the Closer of an exchange over a connection that all clients share.
var shared = io.NopCloser(nil)
