// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command bench measures what tracing costs and writes docs/performance.md with its plots: what a request
// costs without tracing, with the receiver and with the OpenTelemetry SDK, in turns, over concurrency,
// headers and the number of targets; how long collectors take to start and how much memory; the probes
// that a request hits, and the instructions that they sit on in each version of Go.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// collectorCommand is the argument that makes this program the collector.
const collectorCommand = "collector"

func main() {
	if len(os.Args) > 1 && os.Args[1] == collectorCommand {
		os.Exit(collect(os.Args[2:]))
	}
	plan := fullPlan()
	output := flag.String("o", "docs/performance.md", "`file` to write; the plots are written beside it")
	only := flag.String("only", "", "measure these `parts` only, of "+names()+"; needs -o, for the file has nothing of the others")
	flag.IntVar(&plan.rounds, "rounds", plan.rounds, "how often each load runs in each mode; those of curves run about half as often")
	flag.DurationVar(&plan.duration, "duration", plan.duration, "how long each run lasts")
	profile := flag.String("cpuprofile", "", "`file` to write the CPU profile of the collector's last run to")
	flag.Parse()

	chosen, err := named(*only)
	if err == nil && len(chosen) < len(measurements) && *output == flag.Lookup("o").DefValue {
		err = fmt.Errorf("-only %s would leave the other measurements out of %s; name another file by -o", *only, *output)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := os.MkdirAll(filepath.Dir(*output), 0o750); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	h := &harness{}
	b := &bench{plan: plan, t: h, profile: *profile, versions: targettest.Versions()}
	report := b.report(chosen)
	err = report.write(*output)
	h.close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("%s: measured in %v\n", *output, report.Took.Round(time.Second))
	if len(report.Requests) > 0 {
		fmt.Println(report.Headline())
	}
	for _, failure := range report.Failures {
		fmt.Fprintln(os.Stderr, "FAILED:", failure)
	}
	if len(report.Failures) > 0 {
		os.Exit(1)
	}
}
