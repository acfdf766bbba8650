// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// patience is how long to wait for spans that do not come.
const patience = 2 * time.Second

// collect is the collector: the receiver as it is, with its internal metrics on, before a consumer
// that counts spans. It has a process of its own, so that its processor time is its own too.
//
// args are a glob for the executables that it traces and a file for its CPU profile or "". It says
// "ready", then answers each number on stdin, as soon as there were so many spans or there is no
// hope for them, with how many there were. It ends with stdin.
func collect(args []string) int {
	if err := receive(args[0], args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func receive(executable, profile string) (err error) {
	var spans atomic.Int64
	next, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		spans.Add(int64(traces.SpanCount()))
		return nil
	})
	if err != nil {
		return err
	}
	factory := receiver.NewFactory()
	config := factory.CreateDefaultConfig().(*receiver.Config)
	config.Targets = []receiver.TargetConfig{{SelectorConfig: receiver.SelectorConfig{Executable: executable}}}
	settings := receivertest.NewNopSettings(factory.Type())
	settings.MeterProvider = metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	log := zap.NewProductionConfig()
	log.Level = zap.NewAtomicLevelAt(zap.WarnLevel)
	if settings.Logger, err = log.Build(); err != nil {
		return err
	}
	traces, err := factory.CreateTraces(context.Background(), settings, config, next)
	if err != nil {
		return err
	}
	if err := traces.Start(context.Background(), componenttest.NewNopHost()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, traces.Shutdown(context.Background())) }()
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Println("ready")
	for input := bufio.NewScanner(os.Stdin); input.Scan(); {
		wanted, err := strconv.ParseInt(input.Text(), 10, 64)
		if err != nil {
			return err
		}
		for deadline := time.Now().Add(patience); spans.Load() < wanted && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		fmt.Println(spans.Load())
	}
	return nil
}
