// SPDX-License-Identifier: Apache-2.0

// Command sqlclient uses database/sql as tests tell it to: the program whose statements they trace. It
// performs commands (type command) that are JSON objects, and answers each with one line of JSON, a
// list of the results of its steps for every repetition. Commands on stdin, one a line, begin in no
// span; one in the query or the form of a request to /run/ is performed by its handler, and
// answered in the response.
//
// go.mod asks for versions of the drivers that Go 1.21 builds, go.latest.mod for newer ones. The two
// drivers of SQLite come with the build tags modernc and mattn, because they take long to compile.
//
// It prints one line `listening <addr>` when it reads commands, and exits with status 0 at the end of
// stdin and on SIGTERM. The custom contexts are those of httpserver.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	flag.Parse()

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()
	startWorkers()
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, routes())) }()
	fmt.Println("listening", listener.Addr())

	commands, answers := newDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var next command
		if err := commands.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(next.perform(context.Background())); err != nil {
			log.Fatal(err)
		}
	}
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/run/", func(w http.ResponseWriter, r *http.Request) {
		var c command
		if err := newDecoder(strings.NewReader(r.FormValue("command"))).Decode(&c); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(c.perform(r.Context()))
	})
	mux.HandleFunc("/ok/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "ok")
	})
	return mux
}

// newDecoder keeps numbers as they are written: drivers tell integers from others.
func newDecoder(r io.Reader) *json.Decoder {
	decoder := json.NewDecoder(r)
	decoder.UseNumber()
	return decoder
}
