// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// tracker brings a database up to date.
type tracker struct {
	output   string // the file of the database
	folder   string // for toolchains, modules and programs
	jobs     int    // that run at the same time
	retry    bool   // measure again what could not be
	check    bool   // measure again what was, and compare
	progress *progress
	measure  func(context.Context, *job) (results, error)

	mu        sync.Mutex
	table     *offsetsdb.Table
	different int // versions that are not as the table has them
}

// track measures what the table lacks, and writes the table after each version, so that it
// can be stopped at any time.
func (t *tracker) track(ctx context.Context, jobs []*job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan *job)
	var workers sync.WaitGroup
	for range t.jobs {
		workers.Go(func() {
			for j := range queue {
				if err := t.run(ctx, j); err != nil {
					cancel(err)
				}
			}
		})
	}
	t.progress.start(len(jobs))
	for _, j := range jobs {
		select {
		case queue <- j:
		case <-ctx.Done():
		}
	}
	close(queue)
	workers.Wait()
	t.progress.finish()
	if t.different > 0 {
		return fmt.Errorf("%d versions are not as %s has them", t.different, t.output)
	}
	return context.Cause(ctx)
}

// run measures one version. What can go wrong with a version is no error; what cannot be
// written is.
func (t *tracker) run(ctx context.Context, j *job) error {
	t.progress.begin(j)
	measured, err := t.measure(ctx, j)
	if ctx.Err() != nil {
		return nil
	}
	t.progress.end(j, measured, err)
	if errors.Is(err, syscall.ENOSPC) { // it says nothing of the version
		return err
	}
	var missing unavailable
	if errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		measured = results{j.module.path: {Broken: reason(strings.ReplaceAll(err.Error(), j.folder, "."))}}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.check {
		t.compare(j, measured)
		return nil
	}
	for name, m := range measured {
		t.table.Put(name, j.version, m)
	}
	return writeTable(t.output, t.table)
}

// compare says what was measured now and is not what the table has.
func (t *tracker) compare(j *job, measured results) {
	var differences []string
	for name, m := range measured {
		if m.Broken != "" {
			differences = append(differences, m.Broken)
			continue
		}
		known := t.table.Get(name, j.version)
		if known == nil {
			continue
		}
		for arch, fields := range known.Offsets {
			for field, offset := range fields {
				if now, ok := m.Offsets[arch][field]; ok && now != offset {
					differences = append(differences, fmt.Sprintf("%s on %s is at %d in the database and at %d", field, arch, int32(offset), int32(now)))
				}
			}
		}
	}
	if len(differences) > 0 {
		t.different++
		t.progress.complain(j, differences)
	}
}

// writeTable replaces the file in one step.
func writeTable(name string, table *offsetsdb.Table) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), ".offsets-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	err = errors.Join(table.Write(file), file.Chmod(0o644), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// wants tells whether a version is to be measured: because it has fields that were not looked
// for, or to check those that it has.
func (t *tracker) wants(m *module, version string, fields []offsetsdb.Field) bool {
	known := t.table.Get(m.path, version)
	switch {
	case t.check:
		return known != nil && known.Broken == ""
	case known != nil && known.Broken != "":
		return t.retry
	}
	for _, arch := range architectures {
		for _, field := range fields {
			if !t.has(m, version, arch, field) {
				return true
			}
		}
	}
	return false
}

// has tells whether a field was looked for in all builds of a version.
func (t *tracker) has(m *module, version, arch string, field offsetsdb.Field) bool {
	lookup := func(name string) bool {
		measured := t.table.Get(name, version)
		if measured == nil {
			return false
		}
		_, ok := measured.Offsets[arch][field]
		return ok
	}
	return lookup(m.path) || m.split != "" && lookup(m.path+" before "+m.split) && lookup(m.path+" from "+m.split)
}

// plan lists what there is to measure of some modules.
func (t *tracker) plan(ctx context.Context, wanted []selection, declared []offsetsdb.Field) ([]*job, error) {
	if err := os.MkdirAll(t.folder, 0o750); err != nil {
		return nil, err
	}
	local := localGo(t.folder, max(1, processors()/t.jobs))
	releases, err := modules[0].versions(ctx, local, t.folder)
	if err != nil {
		return nil, fmt.Errorf("releases of Go: %w", err)
	}
	var jobs []*job
	for _, s := range wanted {
		versions := releases
		if s.module.path != offsetsdb.Std {
			if versions, err = s.module.versions(ctx, local, t.folder); err != nil {
				return nil, fmt.Errorf("versions of %s: %w", s.module.path, err)
			}
		}
		fields := s.module.fieldsOf(declared, t.table)
		for _, version := range slices.Backward(versions) { // most programs are built from the newest
			if !s.has(version) || !t.wants(s.module, version, fields) {
				continue
			}
			jobs = append(jobs, &job{
				module: s.module, version: version, fields: fields, local: local, releases: releases, folder: t.folder,
			})
		}
	}
	return jobs, nil
}
