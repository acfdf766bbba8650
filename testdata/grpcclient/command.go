// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// command is a number of calls to make. Durations are as time.ParseDuration reads them. In Method,
// Messages and Metadata, {n} stands for the number of the call, from 0, and {hex} for that number plus
// one in 16 hexadecimal digits, as identifiers of traces and spans are written.
type command struct {
	channel
	Method   string            `json:"method"` // "/example.Unary/Echo"
	Messages []string          `json:"messages"`
	Metadata map[string]string `json:"metadata"`

	Stream    string    `json:"stream"`    // "client", "server" or "bidi"; empty is a unary call
	Leave     string    `json:"leave"`     // how a stream is left after its first answer (stream.go); empty drains it
	Elsewhere bool      `json:"elsewhere"` // receive what a stream answers on another goroutine
	Between   []command `json:"between"`   // performed after a stream's first answer, on the same goroutine

	Timeout      string `json:"timeout"`      // the deadline of the call's context
	CancelAfter  string `json:"cancel_after"` // when the call's context is cancelled
	Context      string `json:"context"`      // what the call's context is wrapped in (contexts.go)
	WaitForReady bool   `json:"wait_for_ready"`
	CloseFirst   bool   `json:"close_first"` // close the channel before the call

	N           int  `json:"n"`           // calls to make, 1 if zero
	Concurrency int  `json:"concurrency"` // calls at a time, 1 if zero
	Goroutine   bool `json:"goroutine"`   // each on a new goroutine
}

// result is what became of one call.
type result struct {
	Code     string     `json:"code"` // codes.Code.String
	Message  string     `json:"message"`
	Messages []string   `json:"messages"`
	Between  [][]result `json:"between"`
	// Start and End are before the call was made and after its end was known.
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// perform makes the calls and returns their results by number.
func (c command) perform() []result {
	n, concurrency := c.N, c.Concurrency
	if n < 1 {
		n = 1
	}
	if concurrency < 1 {
		concurrency = 1
	}
	if n == 1 && !c.Goroutine {
		return []result{c.call(0)} // on the caller's goroutine, which may have a stream open
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
					results[i] = c.call(i)
					continue
				}
				done := make(chan result)
				go func(i int) { done <- c.call(i) }(i)
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

// call makes call i.
func (c command) call(i int) (r result) {
	r.Start = time.Now()
	err := c.try(i, &r)
	r.End = time.Now()
	s := status.Convert(err)
	r.Code, r.Message = s.Code().String(), s.Message()
	return r
}

// try makes call i. It leaves all but the status to r.
func (c command) try(i int, r *result) error {
	conn, err := c.connection(i)
	if err != nil {
		return err
	}
	if c.CloseFirst {
		if err := conn.Close(); err != nil {
			return err
		}
	}
	ctx, cancel, err := c.context(i)
	if err != nil {
		return err
	}
	x := &exchange{command: c, ctx: ctx, cancel: cancel, conn: conn, method: numbered(c.Method, i), result: r}
	for _, message := range c.Messages {
		x.messages = append(x.messages, numbered(message, i))
	}
	if c.WaitForReady {
		x.options = append(x.options, grpc.WaitForReady(true))
	}
	if c.Stream == "" {
		defer cancel()
		return x.unary()
	}
	return x.stream()
}

// context is that of call i. The caller must cancel it.
func (c command) context(i int) (context.Context, context.CancelFunc, error) {
	ctx, cancel := context.WithCancel(context.Background())
	for _, limit := range []struct {
		after string
		apply func(time.Duration)
	}{
		{c.CancelAfter, func(d time.Duration) { time.AfterFunc(d, cancel) }},
		{c.Timeout, func(d time.Duration) { ctx, cancel = context.WithTimeout(ctx, d) }},
	} {
		if limit.after == "" {
			continue
		}
		after, err := time.ParseDuration(limit.after)
		if err != nil {
			return nil, nil, status.Error(codes.InvalidArgument, err.Error())
		}
		limit.apply(after)
	}
	for key, value := range c.Metadata {
		ctx = metadata.AppendToOutgoingContext(ctx, key, numbered(value, i))
	}
	ctx, cancelWrapped, err := wrap(ctx, c.Context)
	if err != nil {
		return nil, nil, err
	}
	return ctx, func() { cancelWrapped(); cancel() }, nil
}

func numbered(text string, i int) string {
	return strings.NewReplacer("{n}", strconv.Itoa(i), "{hex}", fmt.Sprintf("%016x", i+1)).Replace(text)
}
