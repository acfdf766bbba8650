// SPDX-License-Identifier: Apache-2.0

package targettest

// newClient is the build tag by which grpcclient makes channels with grpc.NewClient.
const newClient = "newclient"

// GRPCBuilds are the ways to build a program with grpc that tests trace: every version of Go from 1.21
// on and every version of grpc that changed what we look for, each of them more than once and in
// another pairing, linked in every way that moves or removes it. The last one is the newest and the
// barest.
func GRPCBuilds(program string) []Build {
	builds := []Build{
		{Go: "1.21", ModFile: "grpc1.40.mod", Strip: true, PIE: true},
		{Go: "1.21", ModFile: "grpc1.60.mod"},
		{Go: "1.22", ModFile: "grpc1.56.mod", GOPATH: true},
		{Go: "1.22", ModFile: "grpc1.69.mod", PIE: true},
		{Go: "1.23", ModFile: "grpc1.69.mod", Strip: true, Tags: []string{newClient}},
		{Go: "1.23", ModFile: "grpc1.56.mod", Strip: true, PIE: true},
		{Go: "1.24", ModFile: "grpc1.60.mod", Strip: true, PIE: true},
		{Go: "1.24", ModFile: "grpc1.76.mod", Strip: true, Tags: []string{newClient}},
		{Go: "1.25", ModFile: "grpc1.80.mod", Strip: true, PIE: true, Tags: []string{newClient}},
		{Go: "1.25", ModFile: "grpc1.40.mod"},
		{Go: "1.26", ModFile: "grpc1.76.mod", PIE: true},
		{Go: "1.26"},
		{Go: "1.27", ModFile: "grpc1.40.mod", Strip: true},
		{Go: "1.27", Strip: true, PIE: true, Tags: []string{newClient}},
	}
	for i := range builds {
		builds[i].Program = program
		if program != "grpcclient" {
			builds[i].Tags = nil
		}
	}
	return builds
}
