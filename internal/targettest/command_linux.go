// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"encoding/json"
	"time"
)

// Command is a line that httpclient reads: requests to make. Zero values are left out.
type Command struct {
	// Method is GET if empty. In URL, {n} stands for the number of the request, from 0.
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`

	// Timeout is the client's, CancelAfter when the request's context is cancelled. Both are
	// durations as time.ParseDuration reads them, "100ms".
	Timeout     string `json:"timeout,omitempty"`
	CancelAfter string `json:"cancel_after,omitempty"`
	// Context names what the request's context is wrapped in (testdata/httpserver/contexts.go).
	Context string `json:"context,omitempty"`

	// HTTP2 lets the client speak HTTP/2 over TLS, Insecure accept any certificate. Commands with the
	// same two share a transport and its connections.
	HTTP2    bool `json:"http2,omitempty"`
	Insecure bool `json:"insecure,omitempty"`
	// Direct calls Transport.RoundTrip, without an http.Client. Follow follows redirects.
	Direct bool `json:"direct,omitempty"`
	Follow bool `json:"follow,omitempty"`

	// N is how many requests to make, 1 if zero, and Concurrency how many at a time, 1 if zero.
	// Goroutine makes each of them on a goroutine of its own.
	N           int  `json:"n,omitempty"`
	Concurrency int  `json:"concurrency,omitempty"`
	Goroutine   bool `json:"goroutine,omitempty"`
}

// Result is what became of one request of a Command.
type Result struct {
	Status   int    `json:"status"`   // 0 if there is no response
	Protocol string `json:"protocol"` // of the response, "HTTP/2.0"
	Error    string `json:"error"`    // of the request or of reading the response's body
}

// Do has httpclient perform a command and returns its results in the order of the requests' numbers.
// The test fails if it does not answer within a minute.
func (x *Target) Do(command Command) (results []Result) {
	x.t.Helper()
	x.ask(command, &results)
	return results
}

// BeginDo is Do for tests that do something else before they wait for the results, by calling what it returns.
func (x *Target) BeginDo(command Command) (wait func() []Result) {
	x.t.Helper()
	x.send(command)
	return func() (results []Result) {
		x.t.Helper()
		x.receive(&results)
		return results
	}
}

// ask writes a command to the program's stdin, as one line of JSON, and reads the line that it answers into answer.
func (x *Target) ask(command, answer any) {
	x.t.Helper()
	x.send(command)
	x.receive(answer)
}

func (x *Target) send(command any) {
	x.t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		x.t.Fatalf("command %+v: %v", command, err)
	}
	if _, err := x.stdin.Write(append(line, '\n')); err != nil {
		x.t.Fatalf("send command to pid %d: %v\n%s", x.PID(), err, x.Output())
	}
}

func (x *Target) receive(answer any) {
	x.t.Helper()
	select {
	case line := <-x.lines:
		if err := json.Unmarshal([]byte(line), answer); err != nil {
			x.t.Fatalf("answer of pid %d, %q: %v", x.PID(), line, err)
		}
	case <-x.exited:
		x.t.Fatalf("pid %d ended in a command: %v\n%s", x.PID(), x.command.ProcessState, x.Output())
	case <-time.After(commandTimeout):
		x.t.Fatalf("pid %d has not answered after %v\n%s", x.PID(), commandTimeout, x.Output())
	}
}

// commandTimeout bounds how long a command may take.
const commandTimeout = time.Minute
