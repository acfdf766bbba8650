// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

// SQLCommand is a number of times for sqlclient to perform the same steps on one database. Zero values
// are left out.
type SQLCommand struct {
	// Driver is the name by which it is registered, DSN as it reads it. Connector has sqlclient call
	// sql.OpenDB, and not sql.Open. Commands with the same four share a database and its connections.
	Driver    string `json:"driver"`
	DSN       string `json:"dsn"`
	Connector bool   `json:"connector,omitempty"`
	MaxOpen   int    `json:"max_open,omitempty"` // connections at a time; 0: any number

	Steps []SQLStep `json:"steps"`

	// N is how often to perform them, once if zero, and Concurrency how many times at a time, 1 if zero.
	N           int `json:"n,omitempty"`
	Concurrency int `json:"concurrency,omitempty"`
}

// SQLStep is one thing to do: "query", "query_row", "exec", "prepare", "conn", "begin", "commit",
// "rollback", "stmt" (the transaction's own of a prepared statement), "ping", "close"; "parallel" has
// its Steps performed at the same time, "later" after the request that the command came with.
type SQLStep struct {
	Do string `json:"do"`
	// On is the "db" (or empty), or the "conn", "tx", "stmt" or "rows" that an earlier step made.
	On string `json:"on,omitempty"`

	// In Query, {n} stands for the number of the repetition, from 0. A Query of {constant} is a constant of the
	// program's, see testdata/sqlclient/constant.go.
	Query string `json:"query,omitempty"`
	Args  []any  `json:"args,omitempty"`
	Keep  bool   `json:"keep,omitempty"`  // leave the rows of a query open
	Plain bool   `json:"plain,omitempty"` // call the method that takes no context

	// Context names what the context is wrapped in (testdata/httpserver/contexts.go). Timeout is its
	// own, CancelAfter when it is cancelled, both as time.ParseDuration reads them.
	Context     string `json:"context,omitempty"`
	Timeout     string `json:"timeout,omitempty"`
	CancelAfter string `json:"cancel_after,omitempty"`

	// Where is the goroutine that performs the step: that of the steps before, a new one ("goroutine")
	// or one that runs already ("worker").
	Where   string `json:"where,omitempty"`
	Depth   int    `json:"depth,omitempty"`   // below that many frames of 1 KiB, so that the stack grows
	Recover bool   `json:"recover,omitempty"` // from a panic, which is then the step's error

	Steps []SQLStep `json:"steps,omitempty"`
}

// SQLResult is what became of one step.
type SQLResult struct {
	Rows  int    `json:"rows"` // that were read
	Error string `json:"error"`
}

// DoSQL has sqlclient perform a command outside of any request, and returns the results of each
// repetition's steps. The test fails if it does not answer within a minute.
func (x *Target) DoSQL(command SQLCommand) (results [][]SQLResult) {
	x.t.Helper()
	x.ask(command, &results)
	return results
}

// Form is the command as the query or the form of a request to a path below /run/.
func (c SQLCommand) Form() url.Values {
	command, err := json.Marshal(c)
	if err != nil {
		panic(err) // an argument that JSON does not know
	}
	return url.Values{"command": {string(command)}}
}

// ServeSQL has sqlclient perform a command in the handler of a request to a path below /run/.
func (x *Target) ServeSQL(path string, command SQLCommand) (results [][]SQLResult) {
	x.t.Helper()
	client := x.Client()
	client.Timeout = commandTimeout
	response, err := client.PostForm(x.URL()+path, command.Form())
	if err != nil {
		x.t.Fatalf("POST %s: %v\n%s", path, err, x.Output())
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		x.t.Fatalf("POST %s: status %s, %v: %s\n%s", path, response.Status, err, answer, x.Output())
	}
	if err := json.Unmarshal(answer, &results); err != nil {
		x.t.Fatalf("answer to POST %s, %q: %v", path, answer, err)
	}
	return results
}
