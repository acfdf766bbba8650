// SPDX-License-Identifier: Apache-2.0

// Command together is a service as services are: it takes HTTP requests and gRPC calls, queries SQL, and calls
// another service, a second process of its own, by HTTP and by gRPC. What it does for a request says the request
// (type request): which calls it makes (actions.go, nested.go) and on which goroutine, with which context (ways.go).
// Each of them carries the request's id, so that a test sees whose child it has become.
//
// go.mod asks for versions of its dependencies that Go 1.21 builds, go.latest.mod for newer ones. The database is
// none (driver.go).
//
// It prints one line `listening <addr>` when it takes HTTP requests there, and gRPC calls on the same port of
// 127.0.0.2. It exits with status 0 on SIGTERM. The custom contexts are those of httpserver.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// shutdownGrace is how long requests in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

func main() {
	peer := flag.String("peer", "127.0.0.1:1", "address that another such service listens on")
	workers := flag.Uint("workers", 0, "goroutines that handle gRPC calls; 0 starts one for each call")
	interval := flag.Duration("background", 0, "time between two queries of a goroutine that knows of no request; 0: there is none")
	flag.Parse()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	calls, err := net.Listen("tcp", grpcAddress(listener.Addr().String()))
	if err != nil {
		log.Fatal(err)
	}
	s, err := newService(*peer)
	if err != nil {
		log.Fatal(err)
	}
	httpServer := &http.Server{Handler: s.routes()}
	grpcServer := grpc.NewServer(grpc.NumStreamWorkers(uint32(*workers)), grpc.UnknownServiceHandler(answerCall))
	s.register(grpcServer)
	if *interval > 0 {
		go s.inBackground(*interval)
	}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	go func() {
		if err := httpServer.Serve(listener); err != http.ErrServerClosed {
			log.Fatal(err)
		}
	}()
	go func() {
		if err := grpcServer.Serve(calls); err != nil {
			log.Fatal(err)
		}
	}()
	fmt.Println("listening", listener.Addr())

	<-stop.Done()
	grace, cancelGrace := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancelGrace()
	if httpServer.Shutdown(grace) != nil {
		httpServer.Close()
	}
	grpcServer.Stop()
}

// grpcAddress is where a service takes gRPC calls that takes HTTP requests at an address.
func grpcAddress(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		log.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.2", port)
}
