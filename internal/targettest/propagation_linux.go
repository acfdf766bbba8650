// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"encoding/json"
	"strings"
	"time"
)

// PropagationBuilds are the ways to build the program propagation that tests trace: the oldest Go, the oldest with gRPC,
// one with HTTP/2 in the clear, and the newest, in which HTTP/2 is a package of its own.
var PropagationBuilds = []Build{
	{Program: "propagation", Go: "1.18", Strip: true},
	{Program: "propagation", Go: "1.21", Strip: true, PIE: true, Tags: []string{"grpc"}, ModFile: "grpc1.60.mod"},
	{Program: "propagation", Go: "1.24", Strip: true, Tags: []string{"grpc"}, ModFile: "grpc1.60.mod"},
	{Program: "propagation", Go: "1.27", Strip: true, PIE: true, Tags: []string{"grpc"}, ModFile: "go.latest.mod"},
}

// Exchanges is a line that propagation reads: exchanges to have with a peer. Exchange i is the same for the same seed.
type Exchanges struct {
	// Scenario is one that the program has for the protocol (testdata/propagation/scenarios.go, grpc.go, raw.go).
	Scenario string `json:"scenario"`
	// Protocol is http1, https1, h2c, h2, grpc, grpcs or tcp.
	Protocol string `json:"protocol"`
	// Address is that of the peer, Proxy that of a proxy to it, if there is one.
	Address string `json:"address"`
	Proxy   string `json:"proxy,omitempty"`
	Seed    int64  `json:"seed"`

	// N is how many exchanges to have, Concurrency how many at a time, 1 if zero. Warm has exchange 0 be over before any
	// other begins. Background ends them when the test says so, with N at most. Pause is, for each of those that have
	// them at the same time, between two exchanges.
	N           int           `json:"n"`
	Concurrency int           `json:"concurrency,omitempty"`
	Warm        bool          `json:"warm,omitempty"`
	Background  bool          `json:"background,omitempty"`
	Pause       time.Duration `json:"pause,omitempty"`
}

// Had is what became of Exchanges.
type Had struct {
	N        int           `json:"n"`        // exchanges that were had
	Failed   int           `json:"failed"`   // of these
	Failures []string      `json:"failures"` // the first few of their errors
	P50      time.Duration `json:"p50"`      // of how long an exchange took
	P99      time.Duration `json:"p99"`
	CPU      time.Duration `json:"cpu"` // that the program had meanwhile
}

// Have has propagation have exchanges, and returns what became of them.
func (x *Target) Have(exchanges Exchanges) (had Had) {
	x.t.Helper()
	x.ask(exchanges, &had)
	return had
}

// Begin has propagation begin to have exchanges. What it returns ends them.
func (x *Target) Begin(exchanges Exchanges) (end func() Had) {
	x.t.Helper()
	exchanges.Background = true
	x.send(exchanges)
	return func() (had Had) {
		x.t.Helper()
		x.ask(json.RawMessage("{}"), &had)
		return had
	}
}

// PropagationAddress is where propagation takes requests by a protocol.
func (x *Target) PropagationAddress(protocol string) string {
	hosts := map[string]string{"https1": "127.0.0.2:", "h2": "127.0.0.2:", "grpc": "127.0.0.3:", "grpcs": "127.0.0.4:"}
	if host, other := hosts[protocol]; other {
		return strings.Replace(x.Address(), "127.0.0.1:", host, 1)
	}
	return x.Address()
}
