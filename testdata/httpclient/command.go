// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// command is a number of requests to make. Durations are as time.ParseDuration reads them.
type command struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"` // {n} stands for the number of the request, from 0
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`

	Timeout     string `json:"timeout"`      // of the http.Client
	CancelAfter string `json:"cancel_after"` // when the request's context is cancelled
	Context     string `json:"context"`      // what the request's context is wrapped in (contexts.go)

	HTTP2    bool `json:"http2"`    // speak HTTP/2 where TLS negotiates it
	Insecure bool `json:"insecure"` // accept any certificate
	Direct   bool `json:"direct"`   // call Transport.RoundTrip, without an http.Client
	Follow   bool `json:"follow"`   // follow redirects

	N           int  `json:"n"`           // requests to make, 1 if zero
	Concurrency int  `json:"concurrency"` // requests at a time, 1 if zero
	Goroutine   bool `json:"goroutine"`   // each on a new goroutine
}

// result is what became of one request.
type result struct {
	Status   int    `json:"status"`
	Protocol string `json:"protocol"`
	Error    string `json:"error"`
}

// perform makes the requests and returns their results by number.
func (c command) perform(transport *http.Transport) []result {
	n, concurrency := c.N, c.Concurrency
	if n < 1 {
		n = 1
	}
	if concurrency < 1 {
		concurrency = 1
	}
	results := make([]result, n)
	next := make(chan int)
	var workers sync.WaitGroup
	for worker := 0; worker < concurrency; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := range next {
				if !c.Goroutine {
					results[i] = c.request(transport, i)
					continue
				}
				done := make(chan result)
				go func(i int) { done <- c.request(transport, i) }(i)
				results[i] = <-done
			}
		}()
	}
	for i := range results {
		next <- i
	}
	close(next)
	workers.Wait()
	return results
}

// request makes request i and reads its response to the end.
func (c command) request(transport *http.Transport, i int) result {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx, cancelWrapped, err := wrap(ctx, c.Context)
	if err != nil {
		return result{Error: err.Error()}
	}
	defer cancelWrapped()
	if c.CancelAfter != "" {
		after, err := time.ParseDuration(c.CancelAfter)
		if err != nil {
			return result{Error: err.Error()}
		}
		defer time.AfterFunc(after, cancel).Stop()
	}
	response, err := c.send(ctx, transport, strings.ReplaceAll(c.URL, "{n}", strconv.Itoa(i)))
	if err != nil {
		return result{Error: err.Error()}
	}
	defer response.Body.Close()
	r := result{Status: response.StatusCode, Protocol: response.Proto}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		r.Error = err.Error()
	}
	return r
}

func (c command) send(ctx context.Context, transport *http.Transport, url string) (*http.Response, error) {
	var body io.Reader
	if c.Body != "" {
		body = strings.NewReader(c.Body)
	}
	request, err := http.NewRequestWithContext(ctx, c.Method, url, body)
	if err != nil {
		return nil, err
	}
	for name, value := range c.Headers {
		request.Header.Set(name, value)
	}
	if c.Direct {
		return transport.RoundTrip(request)
	}
	client := &http.Client{Transport: transport}
	if !c.Follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	if c.Timeout != "" {
		if client.Timeout, err = time.ParseDuration(c.Timeout); err != nil {
			return nil, err
		}
	}
	return client.Do(request)
}
