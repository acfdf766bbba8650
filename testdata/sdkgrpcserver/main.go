// SPDX-License-Identifier: Apache-2.0

// Command sdkgrpcserver is grpcserver, with its very methods, as one instruments it with the
// OpenTelemetry SDK: the stats handlers of otelgrpc on the server and on the channels that it calls
// others on (sdk.go). What tracing costs is compared with it.
//
// It prints one line `listening <addr>` when it accepts connections, and exits with status 0 on SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
)

// shutdownGrace is how long calls in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()

	stopSDK, err := startSDK()
	if err != nil {
		log.Fatal(err)
	}
	dialOptions = append(dialOptions, grpc.WithStatsHandler(otelgrpc.NewClientHandler()))
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler()))
	register(server)

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Fatal(err)
		}
	}()
	fmt.Println("listening", listener.Addr())

	<-stop.Done()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		server.GracefulStop()
	}()
	select {
	case <-stopped:
	case <-time.After(shutdownGrace):
	}
	stopSDK()
}
