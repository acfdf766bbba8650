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
	"strings"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// ratioVariable of the collector's environment is the ratio of its sampler, if it is not to sample all traces.
const ratioVariable = "EBPFGO_BENCH_RATIO"

// collect is the collector: the receiver as it is, with its internal metrics on, before a consumer
// that counts spans. It has a process of its own, so that its processor time is its own too.
//
// args are a file for its CPU profile or "", and globs for the executables that it traces. It says
// "ready", then answers each number and duration on stdin, as soon as there were so many spans, or no
// more of them for so long, with what there was. It ends with stdin.
func collect(args []string) int {
	if err := receive(args[0], args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func receive(profile string, executables []string) (err error) {
	got := &tally{pids: map[int64]bool{}}
	next, err := consumer.NewTraces(func(_ context.Context, traces ptrace.Traces) error {
		got.add(traces)
		return nil
	})
	if err != nil {
		return err
	}
	factory := receiver.NewFactory()
	config := factory.CreateDefaultConfig().(*receiver.Config)
	for _, executable := range executables {
		config.Targets = append(config.Targets, receiver.TargetConfig{SelectorConfig: receiver.SelectorConfig{Executable: executable}})
	}
	if ratio := os.Getenv(ratioVariable); ratio != "" {
		number, err := strconv.ParseFloat(ratio, 64)
		if err != nil {
			return err
		}
		config.Sampler = receiver.SamplerConfig{Type: "parent_based_trace_id_ratio", Ratio: &number}
	}
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
	return answer(bufio.NewScanner(os.Stdin), got)
}

func answer(input *bufio.Scanner, got *tally) error {
	for input.Scan() {
		number, duration, _ := strings.Cut(input.Text(), " ")
		wanted, err := strconv.Atoi(number)
		if err != nil {
			return err
		}
		patience, err := time.ParseDuration(duration)
		if err != nil {
			return err
		}
		now, since := got.received(), time.Now()
		for now.spans < wanted && time.Since(since) < patience {
			time.Sleep(10 * time.Millisecond)
			if next := got.received(); next.spans != now.spans {
				now, since = next, time.Now()
			}
		}
		fmt.Println(now)
	}
	return input.Err()
}
