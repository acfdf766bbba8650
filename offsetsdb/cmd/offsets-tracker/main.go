// SPDX-License-Identifier: Apache-2.0

// Command offsets-tracker measures where the fields that the instrumentations read are in
// their structs, in every released version of the modules that they trace, and writes the
// database of package offsetsdb. It measures only what the database lacks, and can be stopped
// at any time. docs/offsets.md says more.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "offsets-tracker:", err)
		os.Exit(1)
	}
}

func processors() int { return runtime.GOMAXPROCS(0) }

func run(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("offsets-tracker", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: offsets-tracker [flags] [module[@first..last] ...]\n\n"+
			"Without modules, all of them. Flags:")
		flags.PrintDefaults()
	}
	t := tracker{progress: newProgress(os.Stdout), measure: func(ctx context.Context, j *job) (results, error) { return j.run(ctx) }}
	fields := declaredFields()
	flags.StringVar(&t.output, "file", "offsetsdb/offsets.txt", "the `database` to bring up to date")
	flags.StringVar(&t.folder, "work", "", "`folder` for toolchains, modules and builds, which is kept; without it, a temporary one")
	flags.IntVar(&t.jobs, "j", processors(), "`versions` to measure at the same time")
	flags.BoolVar(&t.retry, "retry", false, "try again what did not build")
	flags.BoolVar(&t.check, "check", false, "measure again all that the database has, and change nothing: fail if anything is different")
	picture := flags.String("picture", "", "draw how often fields have moved, as SVG, into a `file`")
	flags.Func("field", "a `field` to track although no instrumentation reads it, as in net/http.Request.Method; may be repeated", func(text string) error {
		field, err := parseField(text)
		fields = append(fields, field)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	wanted, err := selections(flags.Args())
	if err != nil {
		return err
	}
	if t.table, err = readTable(t.output); err != nil {
		return err
	}
	if t.folder == "" {
		if t.folder, err = os.MkdirTemp("", "offsets-tracker-"); err != nil {
			return err
		}
		defer os.RemoveAll(t.folder)
	}
	t.jobs = max(1, t.jobs)
	jobs, err := t.plan(ctx, wanted, fields)
	if err != nil {
		return err
	}
	if err := t.track(ctx, jobs); err != nil {
		return err
	}
	if *picture == "" {
		return nil
	}
	return os.WriteFile(*picture, []byte(draw(t.table)), 0o644)
}

func selections(args []string) ([]selection, error) {
	if len(args) == 0 {
		for _, m := range modules {
			args = append(args, m.path)
		}
	}
	var wanted []selection
	for _, arg := range args {
		s, err := parseSelection(arg)
		if err != nil {
			return nil, err
		}
		wanted = append(wanted, s)
	}
	return wanted, nil
}

// readTable reads the database. One that is not there is empty.
func readTable(name string) (*offsetsdb.Table, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return offsetsdb.NewTable(&offsetsdb.DB{}), nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	db, err := offsetsdb.Parse(name, file)
	if err != nil {
		return nil, err
	}
	return offsetsdb.NewTable(db), nil
}
