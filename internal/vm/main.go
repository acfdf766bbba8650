// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command vm runs tests on kernels that this machine does not have: it boots Debian's in virtual
// machines, with nothing but the tests and the programs that they trace.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/vm/guest"
)

func main() {
	machineName := flag.String("machine", "", "only the machines whose names match the `pattern`")
	testName := flag.String("run", "", "only the tests whose names match the `pattern`")
	folder := flag.String("o", "build/vm", "`folder` for images and what the consoles said")
	parallel := flag.Int("parallel", 2, "how many machines run at the same time")
	timeout := flag.Duration("timeout", 20*time.Minute, "how long the tests of a package may take")
	slowness := flag.Int("slowness", 10, "how many times longer than elsewhere tests wait, 20 on a machine that has much else to do")
	soak := flag.Duration("soak", 0, "put kernels under load for so long, instead of all else")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	r := runner{
		folder: *folder, parallel: *parallel, timeout: *timeout,
		machines: machines, suites: suites,
		env: []string{fmt.Sprintf("%s=%d", targettest.SlownessVariable, *slowness)},
	}
	if *soak > 0 {
		r.machines, r.suites = soakMachines, soakSuites
		r.timeout += *soak
		r.env = append(r.env, "EBPFGO_TEST_SOAK="+soak.String())
	}
	var err error
	if r.tests, err = regexp.Compile(*testName); err == nil {
		err = r.run(ctx, *machineName)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(1)
	}
}

// runner runs the matrix.
type runner struct {
	folder   string
	parallel int
	timeout  time.Duration // of a package's tests
	machines []machine
	suites   []suite
	tests    *regexp.Regexp
	env      []string // of the tests
}

func (r runner) run(ctx context.Context, pattern string) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	var chosen []machine
	var kernels []kernel
	for _, m := range r.machines {
		if wanted.MatchString(m.name) {
			chosen = append(chosen, m)
			kernels = append(kernels, m.kernel)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("no machine is called like %q", pattern)
	}
	a, err := openArchive()
	if err != nil {
		return err
	}
	start := time.Now()
	files, err := a.fetch(ctx, kernels)
	if err != nil {
		return err
	}
	images := map[string]*image{}
	for _, k := range kernels {
		if images[k.arch] != nil {
			continue
		}
		folder := filepath.Join(r.folder, k.arch)
		if err := os.MkdirAll(folder, 0o750); err != nil {
			return err
		}
		images[k.arch] = &image{arch: k.arch}
		if err := images[k.arch].build(ctx, a, folder, r.suites); err != nil {
			return err
		}
	}
	fmt.Printf("%d kernels and the images are ready after %v\n", len(kernels), time.Since(start).Round(time.Second))

	failed := 0
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, r.parallel)
	for i, m := range chosen {
		wait.Add(1)
		slots <- struct{}{}
		go func() {
			defer wait.Done()
			defer func() { <-slots }()
			start := time.Now()
			report, used, err := r.try(ctx, m, files[i], images[m.kernel.arch])
			mu.Lock()
			defer mu.Unlock()
			if !printReport(m, report, err, time.Since(start), used) {
				failed++
				fmt.Printf("    see %s\n", r.console(m))
			}
		}()
	}
	wait.Wait()
	fmt.Printf("%d machines after %v\n", len(chosen), time.Since(start).Round(time.Second))
	if failed > 0 {
		return fmt.Errorf("%d of %d machines failed", failed, len(chosen))
	}
	return nil
}

func (r runner) console(m machine) string { return filepath.Join(r.folder, m.name+".log") }

// try runs one machine.
func (r runner) try(ctx context.Context, m machine, kernel string, i *image) (report *guest.Report, used time.Duration, err error) {
	orders := guest.Orders{Lockdown: m.lockdown, Preempt: m.preempt}
	for _, s := range r.suites {
		if command, ok := s.command(m, r.tests, r.env, r.timeout); ok {
			orders.Commands = append(orders.Commands, command)
		}
	}
	content, err := orders.Encode()
	if err != nil {
		return nil, 0, err
	}
	file := filepath.Join(r.folder, m.name+".cpio")
	if err := i.write(file, content); err != nil {
		return nil, 0, err
	}
	defer os.Remove(file)
	log, err := os.Create(r.console(m))
	if err != nil {
		return nil, 0, err
	}
	defer log.Close()
	most := time.Duration(len(orders.Commands))*(r.timeout+time.Minute) + 5*time.Minute
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return m.run(ctx, kernel, file, log)
}

// printReport says what became of a machine, and returns whether all is well.
func printReport(m machine, report *guest.Report, err error, took, used time.Duration) bool {
	ok := err == nil && report.Done
	fmt.Printf("%s: %v, %v of processor time\n", m.name, took.Round(time.Second), used.Round(time.Second))
	if report != nil {
		fmt.Printf("    %v\n", report.Facts)
		for _, result := range report.Results {
			ok = ok && result.OK()
			fmt.Printf("    %-10s %6.1f s  %s\n", result.Name, result.Duration.Seconds(), result.Outcome)
		}
		for _, failure := range report.Failures {
			ok = false
			fmt.Printf("    %s\n", failure)
		}
		if !report.Done {
			fmt.Println("    it did not come to its end")
		}
	}
	if err != nil {
		fmt.Printf("    %v\n", err)
	}
	return ok
}
