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
	}},
	{pkg: "receiver", tests: []test{
		{name: "TestServer", of: oldestAndNewest("httpserver")},
		{name: "TestServerHTTP2", of: oldestAndNewest("httpserver")},
		{name: "TestClient", of: oldestAndNewest("httpclient"), with: []targettest.Build{{Program: "httpserver"}}},
	}},
}

// oldestAndNewest are two builds of a program of net/http, without and with the newer prologue of functions, maps and
// type descriptors, both stripped.
func oldestAndNewest(program string) []targettest.Build {
	return []targettest.Build{
		{Program: program, Go: "1.20", Strip: true},
		{Program: program, Go: "1.27", Strip: true, PIE: true},
	}
}
