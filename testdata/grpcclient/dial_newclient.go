// SPDX-License-Identifier: Apache-2.0

//go:build newclient

package main

import "google.golang.org/grpc"

// dial makes a channel whose targets without a scheme are names (dns).
func dial(target string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient(target, options...)
}
