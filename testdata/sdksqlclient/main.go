// SPDX-License-Identifier: Apache-2.0

// Command sdksqlclient is sqlclient, with its very steps, as one instruments it with the OpenTelemetry
// SDK: its driver "otelsql" is "fake" in the wrapper of otelsql (sdk.go). What tracing costs is compared
// with it. It performs commands on stdin only.
//
// It prints one line `ready` when it reads commands, and exits with status 0 at the end of stdin and
// on SIGTERM.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/XSAM/otelsql"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

func main() {
	stopSDK, err := startSDK()
	if err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	go func() {
		<-stop
		stopSDK()
		os.Exit(0)
	}()
	registerTraced()
	startWorkers()

	commands, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	commands.UseNumber() // drivers tell integers from others
	fmt.Println("ready")
	for {
		var next command
		if err := commands.Decode(&next); errors.Is(err, io.EOF) {
			stopSDK()
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(next.perform(context.Background())); err != nil {
			log.Fatal(err)
		}
	}
}

// registerTraced registers the driver "otelsql". Of the spans that otelsql can make it makes those of
// statements and transactions, one of each. By default it has two more for a query: for the
// connection's reset and for the reading of the rows.
func registerTraced() {
	sql.Register("otelsql", otelsql.WrapDriver(fakeDriver{},
		otelsql.WithAttributes(semconv.DBSystemNameOtherSQL),
		otelsql.WithSpanOptions(otelsql.SpanOptions{OmitConnResetSession: true, OmitRows: true, OmitConnectorConnect: true}),
	))
}
