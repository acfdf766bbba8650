// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	otelreceiver "go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/ebpfgo/ebpfgoreceiver/internal/metadatatest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

var (
	// patience guards against a test that hangs; machines that build at the same time are slow.
	patience = targettest.Patience(time.Minute)
	// spanPatience is the same for spans whose requests are over.
	spanPatience = targettest.Patience(20 * time.Second)
	// shortTime is how long requests take that are given up: their servers have begun with them by then.
	shortTime = targettest.Patience(50 * time.Millisecond)
	shortly   = shortTime.String()
)

// interval is the time between two looks at a condition that a test waits for.
const interval = 5 * time.Millisecond

// collector is the component, started as a collector does it, with a pipeline that keeps everything.
type collector struct {
	t         testing.TB
	receiver  otelreceiver.Traces
	sink      *consumertest.TracesSink
	telemetry *componenttest.Telemetry
	logs      *observer.ObservedLogs
	mark      string // of its targets, see markVariable
	read      int    // batches of the sink that are in unread
	unread    []span
	inFlight  int64 // how many requests may be under way when it is stopped: their spans are lost
}

// markVariable is the environment variable by which a collector knows its targets. It selects processes
// and not executables, which other tests run at the same time.
const markVariable = "EBPFGO_TEST_COLLECTOR"

var collectors atomic.Int64

// startCollector starts the receiver. Its targets are those that it starts itself, unless configure
// says otherwise. It ends with the test, which fails if it left anything behind or lost an event.
func startCollector(t testing.TB, configure ...func(*receiver.Config)) *collector {
	t.Helper()
	c := newCollector(t, configure...)
	t.Cleanup(c.stop)
	return c
}

// newCollector is startCollector for tests that stop it themselves.
func newCollector(t testing.TB, configure ...func(*receiver.Config)) *collector {
	t.Helper()
	return newCollectorOf(t, receiver.NewFactory(), configure...)
}

func newCollectorOf(t testing.TB, factory otelreceiver.Factory, configure ...func(*receiver.Config)) *collector {
	t.Helper()
	observed, logs := observer.New(zap.DebugLevel)
	c := &collector{
		t:         t,
		sink:      new(consumertest.TracesSink),
		telemetry: componenttest.NewTelemetry(),
		logs:      logs,
		mark:      fmt.Sprintf("%d-%d", os.Getpid(), collectors.Add(1)),
	}
	config := factory.CreateDefaultConfig().(*receiver.Config)
	config.Targets = []receiver.TargetConfig{{
		SelectorConfig: receiver.SelectorConfig{Environment: map[string]string{markVariable: c.mark}},
	}}
	config.Batch.Timeout = time.Millisecond
	for _, f := range configure {
		f(config)
	}
	require.NoError(t, config.Validate())
	settings := metadatatest.NewSettings(c.telemetry)
	settings.Logger = zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel), zaptest.WrapOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewTee(core, observed)
	})))
	var err error
	c.receiver, err = factory.CreateTraces(context.Background(), settings, config, c.sink)
	require.NoError(t, err)
	require.NoError(t, c.receiver.Start(context.Background(), componenttest.NewNopHost()))
	return c
}

// targets makes the collector trace what these selectors select.
func targets(selectors ...receiver.SelectorConfig) func(*receiver.Config) {
	return func(config *receiver.Config) {
		config.Targets = nil
		for _, selector := range selectors {
			config.Targets = append(config.Targets, receiver.TargetConfig{SelectorConfig: selector})
		}
	}
}

// stop shuts the receiver down and checks that nothing is left of it and nothing was lost.
func (c *collector) stop() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	assert.NoError(c.t, c.receiver.Shutdown(ctx))
	assert.Zero(c.t, c.metric("ebpfgo.targets"), "targets are left")
	assert.Zero(c.t, c.metric("ebpfgo.propagation.targets"), "targets are left")
	assert.Zero(c.t, c.metric("ebpfgo.probes.attached"), "probes are left")
	for _, point := range c.points("ebpfgo.events.lost") {
		most := int64(0)
		if reason, _ := point.Attributes.Value("reason"); reason.AsString() == "unmatched" {
			most = c.inFlight
		}
		assert.LessOrEqual(c.t, point.Value, most, "events lost: %s", point.Attributes.Encoded(attribute.DefaultEncoder()))
	}
	assert.NoError(c.t, c.telemetry.Shutdown(ctx))
}

// start starts a target and waits until it is traced.
func (c *collector) start(build targettest.Build, options ...targettest.Option) *targettest.Target {
	c.t.Helper()
	return c.startBinary(targettest.Binary(c.t, build), options...)
}

func (c *collector) startBinary(binary string, options ...targettest.Option) *targettest.Target {
	c.t.Helper()
	x := targettest.Start(c.t, binary, append(options, targettest.Env(markVariable+"="+c.mark))...)
	c.waitTraced(x)
	return x
}

// waitTraced waits until the receiver says that it traces a process.
func (c *collector) waitTraced(x *targettest.Target) {
	c.t.Helper()
	c.waitLog("Process is traced", x)
}

// waitEnded waits until the receiver says that it does not trace a process any more.
func (c *collector) waitEnded(x *targettest.Target) {
	c.t.Helper()
	c.waitLog("Process is not traced any more", x)
}

func (c *collector) waitLog(message string, x *targettest.Target) {
	c.t.Helper()
	pid := zap.Int("pid", x.PID())
	require.Eventually(c.t, func() bool {
		return c.logs.FilterMessage(message).FilterField(pid).Len() > 0
	}, patience, interval, "no log %q of pid %d", message, x.PID())
}

// metric is the sum of an internal metric over all its attributes.
func (c *collector) metric(name string) int64 {
	var sum int64
	for _, point := range c.points(name) {
		sum += point.Value
	}
	return sum
}

func (c *collector) points(name string) []metricdata.DataPoint[int64] {
	metric, err := c.telemetry.GetMetric("otelcol_" + name)
	if err != nil {
		return nil // nothing was counted
	}
	return metric.Data.(metricdata.Sum[int64]).DataPoints
}

// next waits until n more spans of a target have come, and returns all that have, in the order in
// which they began.
func (c *collector) next(x *targettest.Target, n int) []span {
	c.t.Helper()
	spans := c.gather(x, n)
	require.GreaterOrEqual(c.t, len(spans), n, "spans are missing, these have come: %v", spans)
	return spans
}

// gather is next for tests that find out by themselves which spans have not come.
func (c *collector) gather(x *targettest.Target, n int) (spans []span) {
	for deadline := time.Now().Add(spanPatience); ; time.Sleep(interval) {
		spans = append(spans, c.take(x.PID())...)
		if len(spans) >= n || time.Now().After(deadline) {
			break
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int { return cmp.Compare(a.StartTimestamp(), b.StartTimestamp()) })
	return spans
}

// take returns the spans of a process that have come and that were not taken before.
func (c *collector) take(pid int) (taken []span) {
	batches := c.sink.AllTraces()
	for _, batch := range batches[c.read:] {
		c.unread = append(c.unread, spansOf(batch)...)
	}
	c.read = len(batches)
	c.unread = slices.DeleteFunc(c.unread, func(s span) bool {
		if s.pid() != pid {
			return false
		}
		taken = append(taken, s)
		return true
	})
	return taken
}

// lastPath is that of the request that nothingElse has its target make or serve.
const lastPath = "/ok/last"

// nothingElse checks that a target has no more spans than those that were taken: the span of the
// request that last makes, to lastPath, follows all others.
func (c *collector) nothingElse(x *targettest.Target, last func()) {
	c.t.Helper()
	last()
	spans := c.next(x, 1)
	assert.Len(c.t, spans, 1, "more spans than expected: %v", spans)
	assert.Contains(c.t, spans[len(spans)-1].String(), lastPath)
}

// nothingElseServed is nothingElse for a server.
func (c *collector) nothingElseServed(x *targettest.Target) {
	c.t.Helper()
	c.nothingElse(x, func() { get(c.t, x, lastPath) })
}
