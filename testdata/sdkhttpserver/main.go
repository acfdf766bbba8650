// SPDX-License-Identifier: Apache-2.0

// Command sdkhttpserver is httpserver, with its very handlers, as one instruments it with the
// OpenTelemetry SDK: otelhttp around the server's handler and around the default client's transport
// (sdk.go). What tracing costs is compared with it.
//
// It prints one line `listening <addr>` when it accepts connections, and exits with status 0 on SIGTERM.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// shutdownGrace is how long requests in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	useTLS := flag.Bool("tls", false, "serve TLS with a self-signed certificate, HTTP/2 included")
	flag.Parse()

	stopSDK, err := startSDK()
	if err != nil {
		log.Fatal(err)
	}
	http.DefaultClient.Transport = otelhttp.NewTransport(http.DefaultTransport)
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := routes("http://127.0.0.1:1")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: otelhttp.NewHandler(handler, "httpserver")}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- serve(server, listener, *useTLS) }()
	fmt.Println("listening", listener.Addr())

	select {
	case err := <-served:
		log.Fatal(err)
	case <-stop.Done():
	}
	grace, cancelGrace := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancelGrace()
	if err := server.Shutdown(grace); errors.Is(err, context.DeadlineExceeded) {
		server.Close()
	}
	stopSDK()
}

func serve(server *http.Server, listener net.Listener, useTLS bool) error {
	if !useTLS {
		return server.Serve(listener)
	}
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	return server.ServeTLS(listener, "", "")
}
