// SPDX-License-Identifier: Apache-2.0

// Command grpcserver is the gRPC server that tests instrument. Each method ends its call in another
// way (service.go lists them), so that a test can ask for exactly the ending, the outgoing call or
// the disturbance that it wants. One source is built against every version of grpc that tests know:
// go.mod asks for the newest, each grpc<version>.mod for the one of its name.
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
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// shutdownGrace is how long calls in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

// transport says how calls come in.
type transport struct {
	tls     bool // over TLS, with a self-signed certificate
	handler bool // through net/http's server and (*grpc.Server).ServeHTTP, not through grpc's own
}

func main() {
	var how transport
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one, unix:/path is a socket")
	flag.BoolVar(&how.tls, "tls", false, "serve TLS with a self-signed certificate")
	flag.BoolVar(&how.handler, "handler", false, "serve through net/http and ServeHTTP: HTTP/2 over TLS, or h2c without it")
	workers := flag.Uint("workers", 0, "goroutines that handle calls; 0 starts one for each call")
	recovering := flag.Bool("recover", false, "recover from panics of handlers in an interceptor")
	chain := flag.Bool("interceptors", false, "put a chain of interceptors around handlers, each of which derives a context")
	proxy := flag.Bool("proxy", false, "answer methods that are not registered as a proxy would: by a handler for all of them")
	flag.Parse()

	listener, err := listen(*addr)
	if err != nil {
		log.Fatal(err)
	}
	options, err := how.options()
	if err != nil {
		log.Fatal(err)
	}
	options = append(options, interceptors(*recovering, *chain)...)
	if *workers > 0 {
		options = append(options, grpc.NumStreamWorkers(uint32(*workers)))
	}
	if *proxy {
		options = append(options, grpc.UnknownServiceHandler(answerUnknown))
	}
	server := grpc.NewServer(options...)
	register(server)

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		// Without an error the server was told to stop (endings.go), and the process lives on.
		if err := how.serve(server, listener); err != nil {
			log.Fatal(err)
		}
	}()
	fmt.Println("listening", listener.Addr())

	<-stop.Done()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if how.handler {
			server.Stop() // a graceful one is only for grpc's own transport
			return
		}
		server.GracefulStop()
	}()
	select {
	case <-stopped:
	case <-time.After(shutdownGrace):
	}
}

func listen(addr string) (net.Listener, error) {
	if path := strings.TrimPrefix(addr, "unix:"); path != addr {
		return net.Listen("unix", path)
	}
	return net.Listen("tcp", addr)
}
