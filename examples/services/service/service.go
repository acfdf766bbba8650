// SPDX-License-Identifier: Apache-2.0

// Package service is what the shop's services have in common: how they listen, end and answer.
package service

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math/rand"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

// Run serves handler on an address until SIGTERM or SIGINT. It prints `listening <addr>` once it
// accepts connections.
func Run(addr string, handler http.Handler) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		log.Fatal(err)
	}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Println("listening", listener.Addr())

	select {
	case err := <-served:
		log.Fatal(err)
	case <-stop.Done():
	}
	grace, cancelGrace := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancelGrace()
	if err := server.Shutdown(grace); err != nil {
		log.Fatal(err)
	}
}

// Work takes as long as a query of a database might: d, and up to half as much again.
func Work(d time.Duration) {
	time.Sleep(d + time.Duration(rand.Int63n(int64(d/2))))
}

// Answer writes a value as JSON.
func Answer(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print(err)
	}
}
