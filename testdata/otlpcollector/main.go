// SPDX-License-Identifier: Apache-2.0

// Command otlpcollector is what programs with an SDK send their spans to: the collector's OTLP receiver as
// it is, over gRPC, with its internal metrics on, before a consumer that counts spans and drops them.
//
// It prints one line `listening <addr>` when it accepts connections. Then it answers each number and
// duration on stdin, as soon as there were so many spans, or no more of them for so long, with how many
// there were. It exits with status 0 at the end of stdin.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() (err error) {
	var spans atomic.Int64
	next, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		spans.Add(int64(traces.SpanCount()))
		return nil
	})
	if err != nil {
		return err
	}
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	if err := confmap.NewFromStringMap(map[string]any{
		"protocols": map[string]any{"grpc": map[string]any{"endpoint": addr}},
	}).Unmarshal(config); err != nil {
		return err
	}
	settings := receivertest.NewNopSettings(factory.Type())
	settings.MeterProvider = metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	traces, err := factory.CreateTraces(context.Background(), settings, config, next)
	if err != nil {
		return err
	}
	if err := traces.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, traces.Shutdown(context.Background())) }()
	fmt.Println("listening", addr)
	return answer(bufio.NewScanner(os.Stdin), &spans)
}

func answer(input *bufio.Scanner, spans *atomic.Int64) error {
	for input.Scan() {
		number, duration, _ := strings.Cut(input.Text(), " ")
		wanted, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return err
		}
		patience, err := time.ParseDuration(duration)
		if err != nil {
			return err
		}
		now, since := spans.Load(), time.Now()
		for now < wanted && time.Since(since) < patience {
			time.Sleep(10 * time.Millisecond)
			if next := spans.Load(); next != now {
				now, since = next, time.Now()
			}
		}
		fmt.Println(now)
	}
	return input.Err()
}

// freeAddress is an address of this host that nobody listens on. The receiver does not say which port it
// got if it is asked for any.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
