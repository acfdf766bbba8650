// SPDX-License-Identifier: Apache-2.0

//go:build !linux || !(amd64 || arm64)

package discovery

import "errors"

// OpenExecs fails: there are BPF programs for Linux on amd64 and arm64 alone.
func OpenExecs() (ExecSource, error) {
	return nil, errors.New("watch for new processes: needs Linux on amd64 or arm64")
}
