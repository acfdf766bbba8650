// SPDX-License-Identifier: Apache-2.0

// Package receiver is the collector component: its configuration, factory and
// lifecycle. It knows nothing of BPF and of executables.
package receiver

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/ebpfgo/ebpfgoreceiver/internal/metadata"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// NewFactory returns the factory of the receiver type "ebpfgo".
func NewFactory() receiver.Factory { return newFactory(nil) }

// newFactory is NewFactory with what tests change of what is traced.
func newFactory(adapt func(*tracer.Options)) receiver.Factory {
	createTraces := func(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
		return &tracesReceiver{settings: set, config: cfg.(*Config), next: next, adapt: adapt}, nil
	}
	return receiver.NewFactory(
		metadata.Type,
		createDefaultConfig,
		receiver.WithTraces(createTraces, metadata.TracesStability),
	)
}

func createDefaultConfig() component.Config {
	return &Config{
		Propagation: PropagationConfig{
			Mode:    tracer.PropagationAuto,
			Formats: []tracer.PropagationFormat{tracer.FormatTraceContext},
		},
		Sampler:      SamplerConfig{Type: string(tracer.SamplerParentBasedAlwaysOn)},
		PollInterval: 10 * time.Second,
		Batch:        BatchConfig{MaxSpans: 1024, Timeout: 200 * time.Millisecond},
		QueueSize:    16384,
	}
}
