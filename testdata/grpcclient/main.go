// SPDX-License-Identifier: Apache-2.0

// Command grpcclient makes gRPC calls as tests tell it to: the client that they instrument. It reads
// commands from stdin, one JSON object a line (type command), and answers each with one line on
// stdout, a JSON array with the result of every call. The methods that it calls are those of
// grpcserver, whose go.mod and custom contexts it has too.
//
// It prints one line `ready` when it reads commands, and exits with status 0 at the end of stdin and
// on SIGTERM. Connections are made by grpc.Dial, or with the build tag newclient by grpc.NewClient,
// which grpc has from 1.63 on.
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

	commands, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	fmt.Println("ready")
	for {
		var next command
		if err := commands.Decode(&next); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(next.perform()); err != nil {
			log.Fatal(err)
		}
	}
}
