// SPDX-License-Identifier: Apache-2.0

// Command h2cserver serves HTTP/2 in the clear through golang.org/x/net/http2/h2c, with prior
// knowledge and by the Upgrade header, besides HTTP/1.1: the HTTP/2 server that it runs is the one
// of that module, not the one inside net/http.
//
// go.mod asks for a version of golang.org/x/net that every supported version of Go builds,
// go.latest.mod for one in which the module's server is a wrapper of net/http/internal/http2 if Go
// has that (1.27).
//
// It prints one line `listening <addr>` when it accepts connections, and exits with status 0 on SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

// shutdownGrace is how long requests in flight may still run after SIGTERM.
const shutdownGrace = 2 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: h2c.NewHandler(routes(), &http2.Server{})}
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
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

// routes returns a mux whose paths are those of httpserver, each with every path below it.
func routes() http.Handler {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/ok": ok, "/panic": panicString, "/echo": echo, "/sleep": sleep, "/goexit": goexit,
	} {
		mux.HandleFunc(path, handler)
		mux.HandleFunc(path+"/", handler)
	}
	return mux
}

func ok(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "ok")
}

func panicString(w http.ResponseWriter, r *http.Request) {
	panic("a handler that panics")
}

// echo answers with the request's body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

// sleep answers after ?d=, whether or not the client is still there.
func sleep(w http.ResponseWriter, r *http.Request) {
	if d, err := time.ParseDuration(r.URL.Query().Get("d")); err == nil {
		time.Sleep(d)
	}
	io.WriteString(w, "slept")
}

// goexit ends the goroutine of the stream without a return from the handler.
func goexit(w http.ResponseWriter, r *http.Request) {
	runtime.Goexit()
}
