// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "github.com/ebpfgo/ebpfgoreceiver/internal/targettest"

// machines are the kernels that are tried, besides this machine's own.
var machines = []machine{
	{name: "6.1", kernel: kernel{"6.1", "amd64"}, lockdown: "none"},
	{name: "6.12", kernel: kernel{"6.12", "amd64"}, lockdown: "none"},
	{
		name: "6.12-lockdown-preempt", kernel: kernel{"6.12", "amd64"},
		options: "lockdown=integrity preempt=full", lockdown: "integrity", preempt: "full",
	},
	{name: "6.12-arm64", kernel: kernel{"6.12", "arm64"}, lockdown: "none"},
}

// suites are what runs in each of them. To add a test, add its name, and the builds of the programs
// that it traces: there is no compiler in a machine.
var suites = []suite{
	{pkg: "internal/loader", tests: []test{
		{name: "TestLoad"},
		{name: "TestLoadSharesMaps"},
		{name: "TestLoadWithoutPrivileges"},
		{name: "TestAttach", with: httpServer},
		{name: "TestAttachToAllProcesses", with: httpServer},
		{name: "TestAttachAllOrNone", with: httpServer},
	}},
	{pkg: "receiver", tests: []test{
		{name: "TestServer", of: oldestAndNewest("httpserver")},
		{name: "TestServerHTTP2", of: oldestAndNewest("httpserver")},
		{name: "TestClient", of: oldestAndNewest("httpclient"), with: httpServer},
		{name: "TestServerH2C", of: h2c},
		{name: "TestParentOfCall", of: httpPIE("1.20", "1.27")},
		{name: "TestEndedSpanIsNoParent", of: httpPIE("1.20", "1.27")},
		{name: "TestParallelRequestsDoNotMix", of: httpPIE("1.18", "1.21", "1.27")},
		{name: "TestStackGrowsAtProbe", of: httpPIE("1.18", "1.20", "1.21", "1.27")},
		{name: "TestGarbageCollection", of: httpPIE("1.27")},
		{name: "TestEndsUnderLoad", of: httpPIE("1.18", "1.27")},
		{name: "TestTargetDies", sub: "^1.27", with: httpPIE("1.27")},
		{name: "TestTimes", of: httpPIE("1.18", "1.27")},
		{name: "TestTraceparentAmongHeaders", of: httpPIE("1.20", "1.27")},
		{name: "TestRestartUnderLoad", of: httpPIE("1.27")},
		{name: "TestGRPCServer", of: grpc("grpcserver"), with: grpcClient},
		{name: "TestGRPCClient", of: grpc("grpcclient"), with: []targettest.Build{{Program: "grpcserver", ModFile: "grpc1.69.mod"}}},
		{name: "TestParentOfGRPCCall", of: grpcLast("grpcserver"), with: append(httpServer, grpcClient...)},
		{name: "TestParallelGRPCCallsDoNotMix", sub: "^go1.27", with: append(grpcLast("grpcserver"), grpcClient...)},
		{name: "TestGRPCServerDies", sub: "^1.27", with: append(grpcLast("grpcserver"), grpcClient...)},
		{name: "TestGRPCClientDies", of: grpcLast("grpcclient"), with: []targettest.Build{{Program: "grpcserver"}}},
		{name: "TestTraceparentAmongMetadata", of: grpcLast("grpcserver"), with: grpcClient},
		{name: "TestParentOfStatement", of: sqlPIE("1.21", "1.27")},
		{name: "TestStatementAsParent", of: sqlPIE("1.21", "1.27"), with: httpServer},
		{name: "TestStackGrowsAtStatement", of: sqlPIE("1.21", "1.27")},
		{name: "TestSQLite", sub: "^sqlite ", with: []targettest.Build{{Program: "sqlclient", Go: "1.27", Strip: true, PIE: true, Tags: []string{"modernc"}, ModFile: "go.latest.mod"}}},
		{name: "TestTogether", of: togetherLast, with: grpcClient},
		{name: "TestTogetherGolden", of: togetherLast, with: grpcClient},
	}},
}

var (
	httpServer   = []targettest.Build{{Program: "httpserver"}}
	grpcClient   = []targettest.Build{{Program: "grpcclient"}}
	h2c          = []targettest.Build{{Program: "h2cserver", Go: "1.27", Strip: true, PIE: true}, {Program: "h2cserver", Go: "1.27", ModFile: "go.latest.mod"}}
	togetherLast = []targettest.Build{{Program: "together", Go: "1.27", ModFile: "go.latest.mod", Strip: true, PIE: true}}
)

func grpc(program string) []targettest.Build {
	builds := targettest.GRPCBuilds(program)
	return []targettest.Build{builds[0], builds[len(builds)-1]}
}

func grpcLast(program string) []targettest.Build { return grpc(program)[1:] }

func httpPIE(versions ...string) (builds []targettest.Build) {
	for _, version := range versions {
		builds = append(builds, targettest.Build{Program: "httpserver", Go: version, Strip: true, PIE: true})
	}
	return builds
}

func sqlPIE(versions ...string) (builds []targettest.Build) {
	for _, version := range versions {
		builds = append(builds, targettest.Build{Program: "sqlclient", Go: version, Strip: true, PIE: true})
	}
	return builds
}

// oldestAndNewest are two builds of a program of net/http, without and with the newer prologue of functions, maps and
// type descriptors, both stripped.
func oldestAndNewest(program string) []targettest.Build {
	return []targettest.Build{
		{Program: program, Go: "1.20", Strip: true},
		{Program: program, Go: "1.27", Strip: true, PIE: true},
	}
}
