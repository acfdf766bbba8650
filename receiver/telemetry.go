// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/metadata"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// telemetry counts into the internal metrics of metadata.yaml.
type telemetry struct {
	*metadata.TelemetryBuilder
}

func with(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}

func (t telemetry) Targets(delta int64) {
	t.EbpfgoTargets.Add(context.Background(), delta)
}

func (t telemetry) Binary(outcome tracer.BinaryOutcome, analysis time.Duration) {
	t.EbpfgoBinaries.Add(context.Background(), 1, with("outcome", string(outcome)))
	if analysis > 0 {
		t.EbpfgoAnalysisDuration.Record(context.Background(), analysis.Seconds())
	}
}

func (t telemetry) Fields(source string, n int64) {
	t.EbpfgoLayoutFields.Add(context.Background(), n, with("source", source))
}

func (t telemetry) ProbesAttached(instrumentation string, delta int64) {
	t.EbpfgoProbesAttached.Add(context.Background(), delta, with("instrumentation", instrumentation))
}

func (t telemetry) ProbesFailed(instrumentation string, n int64) {
	t.EbpfgoProbesFailed.Add(context.Background(), n, with("instrumentation", instrumentation))
}

func (t telemetry) Spans(instrumentation string, n int64) {
	t.EbpfgoSpans.Add(context.Background(), n, with("instrumentation", instrumentation))
}

func (t telemetry) Lost(reason events.Loss, n int64) {
	t.EbpfgoEventsLost.Add(context.Background(), n, with("reason", string(reason)))
}

func (t telemetry) Propagated(outcome events.Propagation, n int64) {
	t.EbpfgoPropagationRequests.Add(context.Background(), n, with("outcome", string(outcome)))
}

func (t telemetry) PropagationTargets(way tracer.PropagationWay, reason tracer.PropagationReason, delta int64) {
	t.EbpfgoPropagationTargets.Add(context.Background(), delta, metric.WithAttributeSet(attribute.NewSet(
		attribute.String("way", string(way)), attribute.String("reason", string(reason)),
	)))
}
