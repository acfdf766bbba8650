// SPDX-License-Identifier: Apache-2.0

// Command propagation makes requests whose every byte follows from a seed, over each protocol that carries a
// trace context, and other traffic that carries none: what a test compares with and without a collector. It reads
// commands from stdin, one JSON object a line (type command), and answers each with one line on stdout (type answer).
//
// It is a service too, which passes requests on to the next one of a chain (chain.go), or as a reverse proxy to
// -upstream. It prints one line `listening <addr>` when it takes commands, and requests by HTTP there; on the same
// port of 127.0.0.2 it takes them by HTTPS, on 127.0.0.3 by gRPC and on 127.0.0.4 by gRPC over TLS.
// It exits with status 0 at the end of stdin and on SIGTERM.
//
// go.mod is for builds without gRPC, from Go 1.18 on; the other two go with the build tag grpc.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	upstream := flag.String("upstream", "127.0.0.1:1", "where requests to /upstream/ are passed on to")
	flag.Parse()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()

	address, err := serve(*upstream)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening", address)
	commands, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var next command
		if err := commands.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		begun := begin(next)
		if next.Background {
			var end command
			if err := commands.Decode(&end); err != nil {
				log.Fatal(err)
			}
			begun.stop()
		}
		if err := answers.Encode(begun.wait()); err != nil {
			log.Fatal(err)
		}
	}
}
