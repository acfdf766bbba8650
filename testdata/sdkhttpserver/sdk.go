// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
)

// flushTimeout bounds how long the spans that are left at the end of the process may take.
const flushTimeout = 2 * time.Second

// startSDK has the OpenTelemetry SDK trace the program and export its spans by OTLP over gRPC, as the
// standard variables OTEL_EXPORTER_OTLP_* and OTEL_BSP_* say. On SIGUSR1 it exports what it has, so that
// nobody has to wait for the batch processor's own time to do so. The caller must call stop before
// the program ends.
func startSDK() (stop func(), err error) {
	exporter, err := otlptracegrpc.New(context.Background())
	if err != nil {
		return nil, err
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})

	flush := make(chan os.Signal, 1)
	signal.Notify(flush, syscall.SIGUSR1)
	go func() {
		for range flush {
			if err := provider.ForceFlush(context.Background()); err != nil {
				log.Print(err)
			}
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Print(err)
		}
	}, nil
}
