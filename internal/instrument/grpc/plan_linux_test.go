// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// chosen is a program with its variant, the kind of site that it is at, and the ways of propagation
// that it is for.
type chosen struct {
	instrumentation string
	program         string
	variant         uint8
	kind            gobinary.SiteKind
	way             instrument.Way
}

// many stands for sites that there are one or more of: returns and calls that only errors
// lead to.
const many = -1

// newest is the minor version of grpc that the go.mod of the programs asks for.
const newest = 85

// minorOf returns the minor versions of Go and of grpc of a build.
func minorOf(t *testing.T, build targettest.Build) (language, library int) {
	t.Helper()
	language, err := strconv.Atoi(strings.TrimPrefix(build.Go, "1."))
	require.NoError(t, err)
	if build.ModFile == "" {
		return language, newest
	}
	library, err = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(build.ModFile, "grpc1."), ".mod"))
	require.NoError(t, err)
	return language, library
}

// expectedSites are the sites of a build of a program, by how many there are of them.
func expectedSites(t *testing.T, build targettest.Build) map[chosen]int {
	language, library := minorOf(t, build)
	entry := gobinary.SiteFrame
	if language < 21 || build.GOARCH == "arm64" {
		entry = gobinary.SiteStackCheck
	}
	sites := map[chosen]int{
		{server, "grpc_server_start", 0, entry, 0}:                                  1,
		{server, "grpc_server_end", 0, entry, 0}:                                    1,
		{server, "grpc_server_end", 1, entry, 0}:                                    1,
		{client, "grpc_client_start", 0, entry, 0}:                                  1,
		{client, "grpc_client_detach", 0, gobinary.SiteCall, 0}:                     1,
		{client, "grpc_client_end", 0, entry, 0}:                                    1,
		{client, "grpc_client_failure", failureReturn, gobinary.SiteReturn, 0}:      many,
		{client, "grpc_client_failure", failureInnerReturn, gobinary.SiteReturn, 0}: many,
		{client, "grpc_client_failure", failureCall, gobinary.SiteCall, 0}:          1,

		{client, "grpc_client_headers", 0, gobinary.SiteBranch, instrument.AnyWay}:     1,
		{client, "grpc_client_arm", 0, gobinary.SiteCall, onWire}:                      1,
		{client, "grpc_client_write_start", 0, gobinary.SiteCall, instrument.WayWrite}: 1,
		{client, "grpc_client_write", 0, gobinary.SiteBranch, instrument.WayWrite}:     1,
	}
	if build.Program == "grpcserver" { // which calls it
		sites[chosen{server, "grpc_server_exit", 0, entry, 0}] = 1
	}
	if library < newest {
		sites[chosen{server, "grpc_server_unanswered", 0, gobinary.SiteCall, 0}] = 1
	}
	return sites
}

// builds are the builds of the tests' programs, and some for the other architecture.
func builds(program string) []targettest.Build {
	all := targettest.GRPCBuilds(program)
	for _, build := range all {
		if build.Strip {
			build.GOARCH = "arm64"
			all = append(all, build)
		}
	}
	return all
}

// TestPlan holds the sites in versions of Go and of grpc to a list: what is on the way of a
// call that succeeds is cheap, and nothing is stepped but the returns of errors.
func TestPlan(t *testing.T) {
	for _, program := range []string{"grpcserver", "grpcclient"} {
		for _, build := range builds(program) {
			t.Run(fmt.Sprint(program, " ", build), func(t *testing.T) {
				plan := instrumenttest.Plan(t, Library(), targettest.Binary(t, build))
				assert.Empty(t, plan.Problems)
				assert.Empty(t, plan.Missing)
				counts := map[chosen]int{}
				for _, probe := range plan.Probes {
					counts[chosen{probe.Instrumentation, probe.Program, probe.Variant, probe.Site.Kind, probe.Way}]++
				}
				expected := expectedSites(t, build)
				for site, count := range expected {
					if count == many {
						assert.Positive(t, counts[site], site)
						expected[site] = counts[site]
					}
				}
				assert.Equal(t, expected, counts)
				checkLayout(t, build, plan.Layout.(layout))
			})
		}
	}
}

// checkLayout holds the types and functions that are known to what the program has.
func checkLayout(t *testing.T, build targettest.Build, l layout) {
	for name, address := range l.typeAddresses() {
		assert.NotZero(t, *address, name)
	}
	_, library := minorOf(t, build)
	for name, offset := range map[string]uint16{
		"field's name": l.FieldName, "field's size": l.FieldSize, "framer": l.LoopyFramer, "writer": l.FramerWriter,
		"offset": l.WriterOffset, "batch": l.WriterBatch, "error": l.WriterError,
	} {
		assert.NotEqual(t, uint16(instrument.Missing), offset, name)
	}
	assert.Equal(t, library >= 84, l.WriterHandle != instrument.Missing)
	assert.Equal(t, library < 84, l.WriterBytes != instrument.Missing)
	for i, r := range l.MessageFailure {
		assert.Greater(t, r.End, r.Start, messageFailure[i])
	}
	structMax := kerneltest.ReadSource(t, "include/scratch.h").Numbers["STRUCT_MAX"]
	for name, size := range map[string]uint16{"stream": l.StreamSize, "address": l.TCPSize, "status": l.ProtoSize, "client's stream": l.ClientSize} {
		assert.Positive(t, size, name)
		assert.LessOrEqual(t, int(size), structMax, name)
	}
	assert.Greater(t, l.UnknownMethod[0].End, l.UnknownMethod[0].Start)
	assert.Equal(t, library >= 80, l.UnknownMethod[1].End > l.UnknownMethod[1].Start)
}

func TestPlanWithoutLibrary(t *testing.T) {
	path, err := exec.LookPath("gofmt") // `go test` puts its toolchain's first in PATH
	require.NoError(t, err)
	assert.Equal(t, instrument.Plan{}, instrumenttest.Plan(t, Library(), path))
}
