// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"
)

// command is a number of times to perform the same steps on one database.
type command struct {
	Driver    string `json:"driver"`    // the name it is registered by
	DSN       string `json:"dsn"`       // as the driver reads it
	Connector bool   `json:"connector"` // sql.OpenDB with a connector (drivers.go), and not sql.Open
	MaxOpen   int    `json:"max_open"`  // connections at a time; 0: any number

	Steps []step `json:"steps"`

	N           int `json:"n"`           // repetitions, 1 if zero
	Concurrency int `json:"concurrency"` // repetitions at a time, 1 if zero
}

// step is one thing to do.
type step struct {
	// Do is what (session.do lists it) and On with what: the "db", or the "conn", "tx", "stmt" or "rows"
	// that an earlier step of the repetition made.
	Do string `json:"do"`
	On string `json:"on"`

	Query string `json:"query"` // {n} stands for the number of the repetition, from 0; see constant.go for {constant}
	Args  []any  `json:"args"`
	Keep  bool   `json:"keep"`  // leave the rows of a query open
	Plain bool   `json:"plain"` // call the method that takes no context

	Context     string `json:"context"`      // what the context is wrapped in (contexts.go)
	Timeout     string `json:"timeout"`      // of the context, as time.ParseDuration reads it
	CancelAfter string `json:"cancel_after"` // when the context is cancelled

	Where   string `json:"where"`   // "goroutine": on a new one; "worker": on one that runs already
	Depth   int    `json:"depth"`   // below that many frames of 1 KiB, so that the stack grows
	Recover bool   `json:"recover"` // from a panic, which is then the step's error
	Steps   []step `json:"steps"`   // of "parallel" and "later"
}

// result is what became of one step.
type result struct {
	Rows  int    `json:"rows"` // that were read
	Error string `json:"error"`
}

// perform performs the steps, and returns the results of each repetition by its number.
func (c command) perform(ctx context.Context) [][]result {
	n, concurrency := max(1, c.N), max(1, c.Concurrency)
	results := make([][]result, n)
	if n == 1 {
		results[0] = c.repetition(ctx, 0)
		return results
	}
	next := make(chan int)
	var workers sync.WaitGroup
	for worker := 0; worker < concurrency; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := range next {
				results[i] = c.repetition(ctx, i)
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

// repetition performs the steps once. They share what they make.
func (c command) repetition(ctx context.Context, number int) (results []result) {
	db, err := databases.open(c)
	if err != nil {
		return []result{{Error: err.Error()}}
	}
	s := &session{db: db, number: number}
	defer s.end()
	for _, next := range c.Steps {
		results = append(results, s.perform(ctx, next)...)
	}
	return results
}
