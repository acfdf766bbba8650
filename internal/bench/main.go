// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench measures what tracing costs and writes docs/performance.md: the processor time per
// request and the latency of a server without and with the receiver, in turns, the probes that a
// request hits, and the instructions that they sit on in each version of Go.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// collectorCommand is the argument that makes this program the collector.
const collectorCommand = "collector"

func main() {
	if len(os.Args) > 1 && os.Args[1] == collectorCommand {
		os.Exit(collect(os.Args[2:]))
	}
	output := flag.String("o", "docs/performance.md", "`file` to write")
	rounds := flag.Int("rounds", 5, "how often each load runs without and with the receiver")
	duration := flag.Duration("duration", 4*time.Second, "how long each run lasts")
	profile := flag.String("cpuprofile", "", "`file` to write the CPU profile of the collector's last run to")
	flag.Parse()

	h := &harness{}
	defer h.close()
	b := &bench{t: h, rounds: *rounds, duration: *duration, profile: *profile}
	report := b.report(b.scenarios(), targettest.Versions())
	if err := report.write(*output); err != nil {
		h.Fatalf("%v", err)
	}
	fmt.Println(report.Headline())
}
