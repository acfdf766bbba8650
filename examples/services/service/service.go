// SPDX-License-Identifier: Apache-2.0

// Package service is what the shop's services have in common: how they listen, end and answer.
package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

// RunHTTP is Run for HTTP.
func RunHTTP(addr string, handler http.Handler) {
	server := &http.Server{Handler: handler}
	Run(addr, server.Serve, server.Shutdown)
}

// Run calls serve for an address, and stop on SIGTERM or SIGINT: it has five seconds to finish what
// was begun. Run prints `listening <addr>` once connections are accepted.
func Run(addr string, serve func(net.Listener) error, stop func(context.Context) error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	signalled, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- serve(listener) }()
	fmt.Println("listening", listener.Addr())

	select {
	case err := <-served:
		log.Fatal(err)
	case <-signalled.Done():
	}
	grace, cancelGrace := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelGrace()
	if err := stop(grace); err != nil {
		log.Fatal(err)
	}
}

// Answer writes a value as JSON.
func Answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}
