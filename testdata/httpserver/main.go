// SPDX-License-Identifier: Apache-2.0

// Command httpserver is the net/http server that tests instrument. Each route ends its request in
// another way (routes.go lists them), so that a test can ask for exactly the ending, the outgoing
// call or the disturbance that it wants. It depends on the standard library alone and is built by
// every supported version of Go.
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
)

// shutdownGrace is how long requests in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	useTLS := flag.Bool("tls", false, "serve TLS with a self-signed certificate, HTTP/2 included")
	upstream := flag.String("upstream", "http://127.0.0.1:1", "where /proxy/ forwards to")
	flag.Parse()

	// Peers are test programs too, and their certificates are self-signed.
	http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{InsecureSkipVerify: true}

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	handler, err := routes(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: handler}

	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	served := make(chan error, 1)
	go func() {
		if !*useTLS {
			served <- server.Serve(listener)
			return
		}
		certificate, err := selfSigned()
		if err != nil {
			served <- err
			return
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		served <- server.ServeTLS(listener, "", "")
	}()
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
}
