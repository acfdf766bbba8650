// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Load is a number of GET requests, each to a path of its own, so that a test can find the span of
// each.
type Load struct {
	// URL is the base URL of the target.
	URL string
	// PathPrefix begins the path of every request, the request's number ends it: with "/items/" they
	// are "/items/0", "/items/1". Query is the same for all, without "?".
	PathPrefix, Query string
	// Requests is how many there are, Concurrency how many at the same time, 1 if it is zero.
	Requests, Concurrency int
	// HTTP2 speaks HTTP/2: over TLS for an https URL, else in the clear with prior knowledge.
	HTTP2 bool
	// KeepAlive lets requests of HTTP/1.1 share connections. net/http then repeats a request whose
	// connection broke before the response, as a handler that panics has it: count those without.
	KeepAlive bool
	// Headers gives the headers of request i, nil for none.
	Headers func(i int) http.Header
	// DialContext connects to the target, nil for the usual way. See Target.DialContext.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
}

// Outcome is what became of one request of a Load.
type Outcome struct {
	Path   string
	Status int   // of the response, 0 if there is none
	Err    error // of the request, or of reading the response's body
	// Start and End are before the request was sent and after the body was read.
	Start, End time.Time
}

// Run makes the requests and returns the outcome of each, by number. Requests that ctx cancels, or
// keeps from starting, have its error.
func (l Load) Run(ctx context.Context) []Outcome {
	concurrency := max(1, l.Concurrency)
	transport := &http.Transport{
		DialContext:         l.DialContext,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		MaxIdleConnsPerHost: concurrency,
		DisableKeepAlives:   !l.KeepAlive && !l.HTTP2,
		Protocols:           new(http.Protocols),
	}
	defer transport.CloseIdleConnections()
	transport.Protocols.SetHTTP1(!l.HTTP2)
	transport.Protocols.SetHTTP2(l.HTTP2)
	transport.Protocols.SetUnencryptedHTTP2(l.HTTP2)

	outcomes := make([]Outcome, l.Requests)
	next := make(chan int)
	var workers sync.WaitGroup
	for range concurrency {
		workers.Go(func() {
			for i := range next {
				outcomes[i] = l.request(ctx, transport, i)
			}
		})
	}
	for i := range outcomes {
		next <- i
	}
	close(next)
	workers.Wait()
	return outcomes
}

func (l Load) request(ctx context.Context, transport *http.Transport, i int) (outcome Outcome) {
	outcome.Path = l.PathPrefix + strconv.Itoa(i)
	outcome.Start = time.Now()
	defer func() { outcome.End = time.Now() }()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL+outcome.Path, nil)
	if err != nil {
		outcome.Err = err
		return outcome
	}
	request.URL.RawQuery = l.Query
	if l.Headers != nil {
		if headers := l.Headers(i); headers != nil {
			request.Header = headers
		}
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		outcome.Err = err
		return outcome
	}
	defer response.Body.Close()
	outcome.Status = response.StatusCode
	_, outcome.Err = io.Copy(io.Discard, response.Body)
	return outcome
}
