// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command demo shows what the collector sees of services that know nothing of tracing. It builds the
// shop of examples/services without symbols, starts it, starts a collector on what runs already, makes
// some requests and prints the traces that the collector wrote. Run it as root from the top of the
// repository, after `make build`; it stops and removes all that it started and made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	// attachTimeout bounds how long the collector may take to trace all the services, spanTimeout how
	// long spans may take from the last request to the file.
	attachTimeout = 30 * time.Second
	spanTimeout   = 10 * time.Second
	pollInterval  = 100 * time.Millisecond
)

func main() {
	collector := flag.String("collector", "build/otelcol-ebpfgo", "the collector")
	configuration := flag.String("config", "examples/demo/collector.yaml", "its configuration")
	sources := flag.String("services", "examples/services", "the folder of the services' sources")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	if err := demo(ctx, *collector, *configuration, *sources); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo runs from the first build to the last span. An error says what is missing.
func demo(ctx context.Context, collector, configuration, sources string) (err error) {
	work, err := os.MkdirTemp("", "ebpfgo-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	services, traces := filepath.Join(work, "bin"), filepath.Join(work, "traces.json")

	fmt.Println("Building the services, stripped ...")
	if err := build(ctx, sources, services); err != nil {
		return err
	}
	shop, err := startShop(services)
	defer shop.stop()
	if err != nil {
		return err
	}
	fmt.Println("The services run. Starting the collector ...")
	tracer, err := start(collector, []string{"--config", configuration}, "SERVICES="+services, "TRACES="+traces)
	if err != nil {
		return err
	}
	defer tracer.stop()
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w\n%s", err, tracer.log.last(20))
		}
	}()

	if err := shop.untilTraced(ctx, tracer, traces); err != nil {
		return err
	}
	fmt.Println("All of them are traced. Making requests ...")
	visits, err := shop.visit(ctx)
	if err != nil {
		return err
	}
	if err := untilReceived(ctx, visits, traces); err != nil {
		return err
	}
	tracer.stop() // so that also a span too many is in the file
	return show(visits, traces)
}

// build builds the services as they would be deployed: without symbols and paths.
func build(ctx context.Context, sources, to string) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", to + "/"}
	for _, name := range serviceNames {
		args = append(args, "./"+name)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = sources
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s in %s: %w\n%s", strings.Join(args, " "), sources, err, output)
	}
	return nil
}

// untilReceived waits for the spans of the visits, but not for ever: show says what is missing.
func untilReceived(ctx context.Context, visits []visit, file string) error {
	for deadline := time.Now().Add(spanTimeout); time.Now().Before(deadline); {
		trees, err := readTrees(file)
		if err != nil {
			return err
		}
		if complete(visits, group(trees, visits)) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	return nil
}

// complete tells whether every visit has the spans that it must yield.
func complete(visits []visit, groups []forest) bool {
	for i, v := range visits {
		if groups[i].size() != v.spans {
			return false
		}
	}
	return true
}

// show prints the visits with their spans. It is an error if some are missing, or too many.
func show(visits []visit, file string) error {
	trees, err := readTrees(file)
	if err != nil {
		return err
	}
	groups := group(trees, visits)
	p := printer{out: os.Stdout, colour: isTerminal(os.Stdout)}
	wanted, received := 0, 0
	for i, v := range visits {
		p.visit(v, groups[i])
		wanted += v.spans
		received += groups[i].size()
	}
	fmt.Println("\nThe services know nothing of traces: what they send is given the trace context on the way.")
	fmt.Printf("%d requests sent, %d of %d spans received.\n", len(visits), received, wanted)
	if !complete(visits, groups) {
		return errors.New("the spans are not those that the requests must yield")
	}
	return nil
}

// pause waits between two looks at the file.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollInterval):
		return nil
	}
}

func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
