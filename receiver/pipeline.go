// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"

	"github.com/ebpfgo/ebpfgoreceiver/internal/metadata"
)

// pipeline hands batches to the next component, on a goroutine of its own, so that the
// ring buffer is read on while the next component makes us wait.
type pipeline struct {
	next   consumer.Traces
	report *receiverhelper.ObsReport
	// queued counts the spans in queue, at most limit.
	queued atomic.Int64
	limit  int64
	queue  chan queuedBatch
	cancel context.CancelFunc
	done   chan struct{}
}

type queuedBatch struct {
	traces ptrace.Traces
	spans  int
}

// maxQueuedBatches bounds the queue when batches are small.
const maxQueuedBatches = 4096

func newPipeline(set receiver.Settings, limit int, next consumer.Traces) (*pipeline, error) {
	report, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID:             set.ID,
		ReceiverCreateSettings: set,
		LongLivedCtx:           true,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &pipeline{
		next:   next,
		report: report,
		limit:  int64(limit),
		queue:  make(chan queuedBatch, maxQueuedBatches),
		cancel: cancel,
		done:   make(chan struct{}),
	}
	go p.run(ctx)
	return p, nil
}

// deliver queues a batch. It returns false when there is no room for it.
func (p *pipeline) deliver(traces ptrace.Traces, spans int) bool {
	if p.queued.Add(int64(spans)) > p.limit {
		p.queued.Add(int64(-spans))
		return false
	}
	select {
	case p.queue <- queuedBatch{traces, spans}:
		return true
	default:
		p.queued.Add(int64(-spans))
		return false
	}
}

func (p *pipeline) run(ctx context.Context) {
	defer close(p.done)
	for batch := range p.queue {
		op := p.report.StartTracesOp(ctx)
		err := p.next.ConsumeTraces(op, batch.traces)
		p.report.EndTracesOp(op, metadata.Type.String(), batch.spans, err)
		p.queued.Add(int64(-batch.spans))
	}
}

// close waits until the queue is empty, or gives up with the context. Nothing may be
// delivered any more.
func (p *pipeline) close(ctx context.Context) error {
	close(p.queue)
	defer p.cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
