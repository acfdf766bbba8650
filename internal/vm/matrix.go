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

// soakMachines are those that are put under load. From 6.13 on programs get stacks of their own, see
// bpf/include/preemption.h; the newest kernel has more of that than any other.
var soakMachines = []machine{
	{name: "soak-6.12", kernel: kernel{"6.12", "amd64"}, options: "preempt=full", preempt: "full"},
	{name: "soak-newest", kernel: kernel{"", "amd64"}, options: "preempt=full", preempt: "full"},
}

var soakSuites = []suite{
	{pkg: "receiver", tests: []test{
		{name: "TestSoak", with: append(barest("httpserver", "1.27"), newestGRPC...)},
	}},
}

// suites are what runs in each of them. To add a test, add its name, and the builds of the programs
// that it traces: there is no compiler in a machine.
var suites = []suite{
	{pkg: "internal/loader", tests: []test{
		{name: "TestThisKernelWillDo"},
		{name: "TestLoad"},
		{name: "TestLoadSharesMaps"},
		{name: "TestLoadWithoutPrivileges"},
		{name: "TestAttach", with: builds("httpserver")},
	}},
	{pkg: "receiver", tests: []test{
		{name: "TestServer", of: oldAndNew("httpserver")},
		{name: "TestServerHTTP2", of: oldAndNew("httpserver")},
		{name: "TestClient", of: oldAndNew("httpclient"), with: builds("httpserver")},
		{name: "TestParentOfCall", of: barest("httpserver", "1.20", "1.27")},
		{name: "TestStackGrowsAtProbe", of: barest("httpserver", "1.20", "1.27")},
		{name: "TestTargetDies", sub: "^1.27 (panic|kill)$", with: barest("httpserver", "1.27")},
		{name: "TestGRPCServer", of: oldestAndNewestGRPC("grpcserver"), with: builds("grpcclient")},
		{name: "TestGRPCClient", of: oldestAndNewestGRPC("grpcclient"), with: []targettest.Build{{Program: "grpcserver", ModFile: "grpc1.69.mod"}}},
		{name: "TestStackGrowsAtStatement", of: newestSQL},
		{name: "TestSQLDriverBehaviour", of: newestSQL},
		{name: "TestTogetherGolden", of: newestTogether, with: builds("grpcclient")},
		{name: "TestPropagationHTTP", of: farApart("httpclient"), with: farApart("httpserver")},
		{name: "TestPropagationThrough", of: farApart("httpserver")},
		{name: "TestPropagationGRPC", of: oldestAndNewestGRPC("grpcclient"), with: oldestAndNewestGRPC("grpcserver")},
		{name: "TestPropagationModes", with: strippedHTTP},
		{name: "TestPropagationOff", with: strippedHTTP},
		{name: "TestChain", of: newestPropagation},
	}},
}

var (
	newestGRPC     = append(oldestAndNewestGRPC("grpcserver")[1:], oldestAndNewestGRPC("grpcclient")[1:]...)
	newestSQL      = []targettest.Build{{Program: "sqlclient", Go: "1.27", ModFile: "go.latest.mod", Strip: true, PIE: true}}
	newestTogether = []targettest.Build{{Program: "together", Go: "1.27", ModFile: "go.latest.mod", Strip: true, PIE: true}}
	strippedHTTP   = []targettest.Build{{Program: "httpclient", Strip: true}, {Program: "httpserver", Strip: true}}

	newestPropagation = targettest.PropagationBuilds[len(targettest.PropagationBuilds)-1:]
)

// builds are programs as the Go that runs the tests builds them: those that are not traced.
func builds(programs ...string) (all []targettest.Build) {
	for _, program := range programs {
		all = append(all, targettest.Build{Program: program})
	}
	return all
}

// oldAndNew are two builds of a program that have the older and the newer prologues of functions, kinds
// of maps and places of type descriptors.
func oldAndNew(program string) []targettest.Build {
	return []targettest.Build{
		{Program: program, Go: "1.20", Strip: true},
		{Program: program, Go: "1.27", Strip: true, PIE: true},
	}
}

// farApart are the oldest and the newest build of a program.
func farApart(program string) []targettest.Build {
	return []targettest.Build{
		{Program: program, Go: "1.18", Strip: true},
		{Program: program, Go: "1.27", Strip: true, PIE: true},
	}
}

// barest are builds without anything that they can do without.
func barest(program string, versions ...string) (all []targettest.Build) {
	for _, version := range versions {
		all = append(all, targettest.Build{Program: program, Go: version, Strip: true, PIE: true})
	}
	return all
}

// oldestAndNewestGRPC are the two builds of a program that are furthest apart.
func oldestAndNewestGRPC(program string) []targettest.Build {
	all := targettest.GRPCBuilds(program)
	return []targettest.Build{all[0], all[len(all)-1]}
}
