// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// architectures are those that are measured.
var architectures = []string{"amd64", "arm64"}

// job is a version of a module to measure.
type job struct {
	module   *module
	version  string
	fields   []offsetsdb.Field
	local    goCommand
	releases []string // of Go, oldest first
	folder   string   // for its files, in which run makes one of its own
	program  string   // the folder of the program
}

// results are what was measured of a version, by the name that the database has for the
// module: its path, and perhaps the releases of Go that this holds for.
type results map[string]*offsetsdb.Measured

// unavailable is an error that says nothing of the version: it is tried again next time.
type unavailable struct{ error }

func (e unavailable) Unwrap() error { return e.error }

// run measures. The error is why the version cannot be measured, or unavailable.
func (j *job) run(ctx context.Context) (results, error) {
	// Another tracker that is about to end may still use a folder for the same version.
	folder, err := os.MkdirTemp(j.folder, "job-")
	if err != nil {
		return nil, unavailable{err}
	}
	defer os.RemoveAll(folder)
	j.folder, j.program = folder, filepath.Join(folder, "program")
	if err := writeProgram(j.program, j.module); err != nil {
		return nil, unavailable{err}
	}
	if j.module.path == offsetsdb.Std {
		return j.standard(ctx)
	}
	return j.dependency(ctx)
}

// writeProgram makes a folder with a program of the module.
func writeProgram(folder string, m *module) error {
	return errors.Join(
		os.Mkdir(folder, 0o750),
		os.WriteFile(filepath.Join(folder, "main.go"), []byte(m.program()), 0o644),
		os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module example.com/offsets\n\ngo 1.18\n"), 0o644),
	)
}

// standard measures a release of Go. Its toolchain and all that is built with it goes away
// with the job's folder.
func (j *job) standard(ctx context.Context) (results, error) {
	local := j.local
	local.mod, local.cache = filepath.Join(j.folder, "mod"), filepath.Join(j.folder, "cache")
	g, err := local.release(ctx, j.program, j.version)
	if err != nil {
		return nil, unavailable{err}
	}
	sources := func(pkg string) string {
		folder := filepath.Join(g.root(), "src", pkg)
		if _, err := os.Stat(folder); err != nil {
			folder = filepath.Join(g.root(), "src", "vendor", pkg)
		}
		return folder
	}
	measured := j.unproven()
	for _, arch := range architectures {
		found, err := measure(ctx, g, j.program, arch, j.fields, sources)
		if err != nil {
			return nil, err
		}
		for field, offset := range found {
			measured.Set(arch, field, offset)
		}
	}
	return results{j.module.path: measured}, nil
}

// dependency measures a version of a module.
func (j *job) dependency(ctx context.Context) (results, error) {
	newest, err := j.local.release(ctx, j.program, newestBefore(j.releases, ""))
	if err != nil {
		return nil, unavailable{err}
	}
	if _, err := newest.run(ctx, j.program, nil, "get", j.module.path+"@"+j.version); err != nil {
		return nil, err
	}
	if _, err := newest.run(ctx, j.program, nil, "mod", "tidy"); err != nil {
		return nil, err
	}
	all, err := j.measureBuiltBefore(ctx, j.module.split)
	if err != nil {
		return nil, err
	}
	if j.module.split == "" {
		return results{j.module.path: all}, nil
	}
	later, err := j.measureWith(ctx, newest.version, newest.version)
	if err != nil {
		return nil, err
	}
	return split(j.module, j.fields, all, later), nil
}

// split tells what holds for all releases of Go from what holds only before or after one.
func split(m *module, fields []offsetsdb.Field, before, from *offsetsdb.Measured) results {
	always, earlier, later := new(offsetsdb.Measured), new(offsetsdb.Measured), new(offsetsdb.Measured)
	for _, arch := range architectures {
		for _, field := range fields {
			a, b := before.Offsets[arch][field], from.Offsets[arch][field]
			if a == b {
				always.Set(arch, field, a)
				continue
			}
			earlier.Set(arch, field, a)
			later.Set(arch, field, b)
		}
	}
	return results{m.path: always, m.path + " before " + m.split: earlier, m.path + " from " + m.split: later}
}

// measureBuiltBefore measures with the newest release of Go before another one and with the
// oldest that builds the module.
func (j *job) measureBuiltBefore(ctx context.Context, split string) (*offsetsdb.Measured, error) {
	newest := newestBefore(j.releases, split)
	directive, err := j.local.run(ctx, j.program, []string{"GOTOOLCHAIN=" + newestBefore(j.releases, "")}, "list", "-m", "-f", "{{.GoVersion}}")
	if err != nil {
		return nil, unavailable{err}
	}
	for minor := minorOf("go" + directive); minor <= minorOf(newest); minor++ {
		oldest := newestBefore(j.releases, "go1."+strconv.Itoa(minor+1))
		var measured *offsetsdb.Measured
		var missing unavailable
		if measured, err = j.measureWith(ctx, oldest, newest); err == nil || errors.As(err, &missing) || ctx.Err() != nil {
			return measured, err
		}
	}
	if err != nil {
		return nil, err
	}
	return j.unproven(), nil // it asks for a newer release
}

// unproven is a version of which nothing is known.
func (j *job) unproven() *offsetsdb.Measured {
	measured := new(offsetsdb.Measured)
	for _, arch := range architectures {
		for _, field := range j.fields {
			measured.Set(arch, field, offsetsdb.Unproven)
		}
	}
	return measured
}

// measureWith measures with two releases of Go. A struct may contain one of the standard
// library's, and that one may have grown: an offset is proven if both releases give it. As an
// offset is almost always the same for all architectures, too, two builds prove it as a rule.
func (j *job) measureWith(ctx context.Context, oldest, newest string) (*offsetsdb.Measured, error) {
	type build struct{ arch, release string }
	done := make(map[build]offsets)
	measureAll := func(builds ...build) error {
		for _, b := range builds {
			if done[b] != nil {
				continue
			}
			found, err := j.measureBuild(ctx, b.arch, b.release)
			if err != nil {
				return err
			}
			done[b] = found
		}
		return nil
	}
	first, second := build{"arm64", oldest}, build{"amd64", newest}
	if err := measureAll(first, second); err != nil {
		return nil, err
	}
	measured := j.unproven()
	if maps.Equal(done[first], done[second]) {
		for _, arch := range architectures {
			for field, offset := range done[first] {
				measured.Set(arch, field, offset)
			}
		}
		return measured, nil
	}
	if err := measureAll(build{"amd64", oldest}, build{"arm64", newest}); err != nil {
		return nil, err
	}
	for _, arch := range architectures {
		for field, offset := range done[build{arch, oldest}] {
			if later, ok := done[build{arch, newest}][field]; ok && later == offset {
				measured.Set(arch, field, offset)
			}
		}
	}
	return measured, nil
}

func (j *job) measureBuild(ctx context.Context, arch, release string) (offsets, error) {
	g, err := j.local.release(ctx, j.program, release)
	if err != nil {
		return nil, unavailable{err}
	}
	folder, err := g.run(ctx, j.program, nil, "list", "-m", "-f", "{{.Dir}}", j.module.path)
	if err != nil {
		return nil, err
	}
	sources := func(pkg string) string { return folder + strings.TrimPrefix(pkg, j.module.path) }
	found, err := measure(ctx, g, j.program, arch, j.fields, sources)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", release, err)
	}
	return found, nil
}

// minorOf returns 26 for "go1.26.8".
func minorOf(release string) int {
	_, rest, _ := strings.Cut(release, ".")
	minor, _, _ := strings.Cut(rest, ".")
	n, _ := strconv.Atoi(minor)
	return n
}
