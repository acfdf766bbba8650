// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import "errors"

// canWrite says what is against writing into targets; nil: nothing.
func (s *shared) canWrite() error {
	if can, reason := s.loader.CanWrite(); !can {
		return errors.New(reason)
	}
	return nil
}

// openSockets opens the socket layer, once, for the first session that uses it. The error
// says what is against that.
func (s *shared) openSockets() error { return errors.New("the socket layer is not there yet") }
