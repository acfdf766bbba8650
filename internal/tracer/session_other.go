// SPDX-License-Identifier: Apache-2.0

//go:build !linux || (!amd64 && !arm64)

package tracer

import (
	"context"
	"fmt"
	"runtime"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
)

// Session cannot be opened here.
type Session struct {
	options Options
	batch   *batch
}

// Open fails: there is no kernel side for this platform.
func Open(Options) (*Session, error) {
	return nil, fmt.Errorf("tracing needs Linux on amd64 or arm64, this is %s on %s", runtime.GOOS, runtime.GOARCH)
}

// Trace does nothing.
func (s *Session) Trace(*discovery.Process, resource.Override, bool) {}

// Exited does nothing.
func (s *Session) Exited(*discovery.Process) {}

// Close does nothing.
func (s *Session) Close(context.Context) error { return nil }
