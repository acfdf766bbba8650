// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/ebpfgo/ebpfgoreceiver/internal/metadata"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// tracesReceiver traces the processes that its configuration names.
type tracesReceiver struct {
	settings receiver.Settings
	config   *Config
	next     consumer.Traces
	adapt    func(*tracer.Options) // of tests; may be nil

	telemetry *metadata.TelemetryBuilder
	pipeline  *pipeline
	session   *tracer.Session
	cancel    context.CancelFunc // of the discovery
	watching  chan struct{}      // closed when the discovery has ended
}

// Start loads the kernel side and begins to look for targets. It does not wait for them.
func (r *tracesReceiver) Start(_ context.Context, host component.Host) error {
	err := r.start(host)
	if err != nil {
		return errors.Join(err, r.Shutdown(context.Background()))
	}
	return nil
}

func (r *tracesReceiver) start(host component.Host) (err error) {
	if r.telemetry, err = metadata.NewTelemetryBuilder(r.settings.TelemetrySettings); err != nil {
		return fmt.Errorf("internal metrics: %w", err)
	}
	if r.pipeline, err = newPipeline(r.settings, r.config.QueueSize, r.next); err != nil {
		return err
	}
	offsets, err := r.config.offsets()
	if err != nil {
		return err
	}
	options := tracer.Options{
		Logger:       r.settings.Logger,
		Telemetry:    telemetry{r.telemetry},
		Enabled:      r.config.instrumentationEnabled,
		Propagation:  tracer.Propagation(r.config.Propagation),
		Sampler:      r.config.Sampler.sampler(),
		MaxSpans:     r.config.Batch.MaxSpans,
		Timeout:      r.config.Batch.Timeout,
		Deliver:      r.pipeline.deliver,
		Offsets:      offsets,
		ScopeVersion: r.settings.BuildInfo.Version,

		InstrumentationOptions: r.config.instrumentationOptions(),
	}
	if r.adapt != nil {
		r.adapt(&options)
	}
	if r.session, err = tracer.Open(options); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel, r.watching = cancel, make(chan struct{})
	go func() {
		defer close(r.watching)
		if err := watch(ctx, r.config, r.session, r.settings.Logger); err != nil {
			componentstatus.ReportStatus(host, componentstatus.NewPermanentErrorEvent(fmt.Errorf("look for targets: %w", err)))
		}
	}()
	return nil
}

// Shutdown detaches from all targets and hands on what has been collected. It may be
// called twice, and without Start.
func (r *tracesReceiver) Shutdown(ctx context.Context) error {
	var errs []error
	if r.cancel != nil {
		r.cancel()
		<-r.watching
		r.cancel = nil
	}
	if r.session != nil {
		errs = append(errs, r.session.Close(ctx))
		r.session = nil
	}
	if r.pipeline != nil {
		errs = append(errs, r.pipeline.close(ctx))
		r.pipeline = nil
	}
	if r.telemetry != nil {
		r.telemetry.Shutdown()
		r.telemetry = nil
	}
	return errors.Join(errs...)
}
