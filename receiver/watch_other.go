// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package receiver

import (
	"context"

	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// watch finds nothing: no session can be opened here.
func watch(context.Context, *Config, *tracer.Session, *zap.Logger) error { return nil }
