// SPDX-License-Identifier: Apache-2.0

// Package http has the name of another one.
package http

// Request has the name of another type, in a package of that name.
type Request struct {
	Host   [3]string
	Method string
}
