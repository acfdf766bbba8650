// SPDX-License-Identifier: Apache-2.0

package targettest

import "time"

// Call is a line that grpcclient reads: calls to make. Zero values are left out. In Method, Messages
// and Metadata, {n} stands for the number of the call, from 0, and {hex} for that number plus one in 16
// hexadecimal digits, as identifiers of traces and spans are written.
type Call struct {
	// Target is the channel's target, as grpc.Dial takes it.
	Target string `json:"target"`
	// TLS accepts any certificate of the server.
	TLS bool `json:"tls,omitempty"`
	// Interceptor names what is around every call (testdata/grpcclient/interceptor.go).
	Interceptor string `json:"interceptor,omitempty"`
	// Retry makes calls again that were UNAVAILABLE, up to twice, by a service config.
	Retry bool `json:"retry,omitempty"`
	// Token is the target that is called for a token in the middle of every call.
	Token string `json:"token,omitempty"`
	// Channels spreads calls over that many channels. Calls with the same seven fields share them:
	// Name tells apart those that say the same otherwise.
	Channels int    `json:"channels,omitempty"`
	Name     string `json:"name,omitempty"`

	// Method is "/example.Unary/Echo".
	Method   string            `json:"method"`
	Messages []string          `json:"messages,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"`

	// Stream is "client", "server" or "bidi" for a stream of that kind. It is drained, unless Leave
	// gives it up after the first answer: "cancel" cancels its context, "close" closes its channel,
	// "open" forgets it. Elsewhere receives on another goroutine than sends.
	Stream    string `json:"stream,omitempty"`
	Leave     string `json:"leave,omitempty"`
	Elsewhere bool   `json:"elsewhere,omitempty"`
	// Between are calls that are made after a stream's first answer, on the goroutine that opened it.
	Between []Call `json:"between,omitempty"`

	// Timeout is the deadline of the call's context, CancelAfter when it is cancelled. Both are
	// durations as time.ParseDuration reads them, "100ms".
	Timeout     string `json:"timeout,omitempty"`
	CancelAfter string `json:"cancel_after,omitempty"`
	// Context names what the call's context is wrapped in (testdata/httpserver/contexts.go).
	Context string `json:"context,omitempty"`
	// WaitForReady keeps the call waiting for a connection, CloseFirst closes its channel before it.
	WaitForReady bool `json:"wait_for_ready,omitempty"`
	CloseFirst   bool `json:"close_first,omitempty"`

	// N is how many calls to make, 1 if zero, and Concurrency how many at a time, 1 if zero.
	// Goroutine makes each of them on a goroutine of its own.
	N           int  `json:"n,omitempty"`
	Concurrency int  `json:"concurrency,omitempty"`
	Goroutine   bool `json:"goroutine,omitempty"`
}

// CallResult is what became of one call of a Call.
type CallResult struct {
	Code     string         `json:"code"` // of the status, as codes.Code.String gives it: "NotFound"
	Message  string         `json:"message"`
	Messages []string       `json:"messages"` // that came from the server
	Between  [][]CallResult `json:"between"`
	// Start and End are before the call was made and after its end was known.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Call has grpcclient make calls and returns their results by number. The test fails if it does not
// answer within a minute.
func (x *Target) Call(call Call) []CallResult {
	x.t.Helper()
	return x.BeginCall(call)()
}

// BeginCall is Call for tests that do something else before they wait for the results, by calling what
// it returns. A client makes the calls of one Call after the other.
func (x *Target) BeginCall(call Call) (wait func() []CallResult) {
	x.t.Helper()
	x.send(call)
	return func() (results []CallResult) {
		x.t.Helper()
		x.receive(&results)
		return results
	}
}
