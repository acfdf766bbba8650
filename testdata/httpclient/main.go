// SPDX-License-Identifier: Apache-2.0

// Command httpclient makes requests with net/http as tests tell it to: the client that they
// instrument. It reads commands from stdin, one JSON object a line (type command), and answers each
// with one line on stdout, a JSON array with the result of every request.
//
// It prints one line `ready` when it reads commands, and exits with status 0 at the end of stdin and
// on SIGTERM. The custom contexts are those of httpserver.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		os.Exit(0)
	}()

	clients := transports{}
	commands, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	fmt.Println("ready")
	for {
		var next command
		if err := commands.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(next.perform(clients.get(next))); err != nil {
			log.Fatal(err)
		}
	}
}
