// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

var (
	tracked  = &module{path: "example.com/m"}
	position = offsetsdb.Field{Package: "example.com/m", Struct: "S", Name: "f"}
)

// trackerOf is a tracker with an empty table, that gives each version what measure says.
func trackerOf(t *testing.T, measure func(context.Context, *job) (results, error)) (*tracker, *bytes.Buffer) {
	var out bytes.Buffer
	return &tracker{
		output:   filepath.Join(t.TempDir(), "offsets.txt"),
		jobs:     2,
		progress: &progress{out: &out, running: make(map[*job]time.Time)},
		measure:  measure,
		table:    offsetsdb.NewTable(&offsetsdb.DB{}),
	}, &out
}

func jobsOf(versions ...string) []*job {
	var jobs []*job
	for _, version := range versions {
		jobs = append(jobs, &job{module: tracked, version: version, fields: []offsetsdb.Field{position}, folder: "/work/" + version})
	}
	return jobs
}

func at(offset uint32) results {
	m := new(offsetsdb.Measured)
	for _, arch := range architectures {
		m.Set(arch, position, offset)
	}
	return results{tracked.path: m}
}

// content is the database as it is on disk, without its head.
func content(t *testing.T, tr *tracker) string {
	text, err := os.ReadFile(tr.output)
	require.NoError(t, err)
	_, text, ok := bytes.Cut(text, []byte("\n\n"))
	require.True(t, ok)
	return string(text)
}

func TestTrack(t *testing.T) {
	tr, out := trackerOf(t, func(_ context.Context, j *job) (results, error) {
		switch j.version {
		case "v1.1.0":
			return nil, errors.New("go build: exit status 1: /work/v1.1.0/main.go:3: no such thing\nand more")
		case "v1.2.0":
			return nil, unavailable{errors.New("no network")}
		}
		return at(8), nil
	})
	require.NoError(t, tr.track(t.Context(), jobsOf("v1.3.0", "v1.2.0", "v1.1.0", "v1.0.0")))
	assert.Equal(t, "module example.com/m\nversions v1.0.0\nversions v1.3.0\n"+
		"broken v1.1.0 go build: exit status 1: ./main.go:3: no such thing; and more\n"+
		"struct example.com/m.S\n\tf 8 ..\n", content(t, tr))
	assert.Contains(t, out.String(), "example.com/m v1.2.0: no network")
	assert.Contains(t, out.String(), "4 of 4 versions done, 2 of them failed")

	fields := []offsetsdb.Field{position}
	other := append(fields, offsetsdb.Field{Package: "example.com/m", Struct: "S", Name: "g"})
	for version, want := range map[string][3]bool{ // missing, missing with another field, missing when tried again
		"v1.3.0": {false, true, false},
		"v1.2.0": {true, true, true},
		"v1.1.0": {false, false, true},
	} {
		tr.retry = false
		assert.Equal(t, want[0], tr.wants(tracked, version, fields), version)
		assert.Equal(t, want[1], tr.wants(tracked, version, other), version)
		tr.retry = true
		assert.Equal(t, want[2], tr.wants(tracked, version, fields), version)
	}
}

// What was measured before the tracker was stopped is on disk, and nothing else.
func TestTrackIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var once sync.Once
	tr, _ := trackerOf(t, nil)
	tr.jobs = 1
	tr.measure = func(ctx context.Context, j *job) (results, error) {
		if j.version == "v1.1.0" {
			once.Do(stop)
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return at(8), nil
	}
	assert.ErrorIs(t, tr.track(ctx, jobsOf("v1.2.0", "v1.1.0", "v1.0.0")), context.Canceled)
	assert.Equal(t, "module example.com/m\nversions v1.2.0\nstruct example.com/m.S\n\tf 8 ..\n", content(t, tr))

	table, err := readTable(tr.output)
	require.NoError(t, err)
	tr.table = table
	assert.False(t, tr.wants(tracked, "v1.2.0", []offsetsdb.Field{position}))
	assert.True(t, tr.wants(tracked, "v1.1.0", []offsetsdb.Field{position}))
}

func TestTrackCannotWrite(t *testing.T) {
	tr, _ := trackerOf(t, func(context.Context, *job) (results, error) { return at(8), nil })
	tr.output = filepath.Join(t.TempDir(), "nowhere", "offsets.txt")
	assert.ErrorIs(t, tr.track(t.Context(), jobsOf("v1.0.0", "v1.1.0")), os.ErrNotExist)
}

func TestCheck(t *testing.T) {
	offset := uint32(8)
	tr, out := trackerOf(t, func(context.Context, *job) (results, error) { return at(offset), nil })
	require.NoError(t, tr.track(t.Context(), jobsOf("v1.0.0", "v1.1.0")))
	before := content(t, tr)
	tr.check = true
	require.NoError(t, tr.track(t.Context(), jobsOf("v1.0.0", "v1.1.0")))
	offset = 16
	assert.ErrorContains(t, tr.track(t.Context(), jobsOf("v1.0.0")), "1 versions are not as")
	assert.Contains(t, out.String(), "example.com/m.S.f on arm64 is at 8 in the database and at 16")
	assert.Equal(t, before, content(t, tr))
	assert.True(t, tr.wants(tracked, "v1.0.0", nil))
	assert.False(t, tr.wants(tracked, "v1.5.0", nil))
}

// A module that is another one from a release of Go on is complete with both of its parts.
func TestSplit(t *testing.T) {
	m := &module{path: "example.com/m", split: "go1.27"}
	same := offsetsdb.Field{Package: "example.com/m", Struct: "S", Name: "same"}
	fields := []offsetsdb.Field{position, same}
	before, from := at(8)[m.path], at(offsetsdb.NoField)[m.path]
	for _, arch := range architectures {
		before.Set(arch, same, 24)
		from.Set(arch, same, 24)
	}
	tr, _ := trackerOf(t, nil)
	for name, measured := range split(m, fields, before, from) {
		assert.True(t, tr.wants(m, "v1.0.0", fields))
		tr.table.Put(name, "v1.0.0", measured)
	}
	assert.False(t, tr.wants(m, "v1.0.0", fields))
	var text strings.Builder
	require.NoError(t, tr.table.Write(&text))
	db, err := offsetsdb.Parse("", strings.NewReader(text.String()))
	require.NoError(t, err)
	for goVersion, want := range map[string]offsetsdb.Answer{"go1.26.8": offsetsdb.Known, "go1.27.0": offsetsdb.Absent, "devel": offsetsdb.Unknown} {
		build := offsetsdb.Build{Module: m.path, Version: "v1.0.0", Go: goVersion, Arch: "arm64"}
		_, answer := db.Lookup(build, position)
		assert.Equal(t, want, answer, goVersion)
		offset, answer := db.Lookup(build, same)
		assert.Equal(t, offsetsdb.Known, answer)
		assert.Equal(t, uint32(24), offset)
	}
}

func TestProgressOnTerminal(t *testing.T) {
	tr, out := trackerOf(t, func(context.Context, *job) (results, error) { return at(8), nil })
	tr.progress.terminal = true
	require.NoError(t, tr.track(t.Context(), jobsOf("v1.0.0")))
	assert.Contains(t, out.String(), "\r\x1b[K0 of 1  example.com/m v1.0.0")
	assert.Contains(t, out.String(), "\r\x1b[Kexample.com/m v1.0.0: 2 offsets, in 0s (1 of 1, about 0s left)\n")
}

func TestDraw(t *testing.T) {
	tr, _ := trackerOf(t, nil)
	for i, offset := range []uint32{8, 8, 16, 24, offsetsdb.NoField} {
		tr.table.Put(tracked.path, fmt.Sprintf("v1.%d.0", i), at(offset)[tracked.path])
	}
	picture := draw(tr.table)
	assert.Contains(t, picture, "5 versions, 1 fields, 1 of them moved, most often example.com/m.S.f (2×)")
	for _, title := range []string{"v1.1.0: 0 moved, 0 came or went", "v1.2.0: 1 moved, 0 came or went", "v1.4.0: 0 moved, 1 came or went"} {
		assert.Contains(t, picture, "<title>"+title+"</title>")
	}
}
