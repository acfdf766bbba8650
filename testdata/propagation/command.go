// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math/rand"
	"sync"
	"time"
)

// command is a number of exchanges to have with a peer. Exchange i is the same for the same seed.
type command struct {
	Scenario string `json:"scenario"` // of httpScenarios, grpcScenarios or rawScenarios
	Protocol string `json:"protocol"` // http1, https1, h2c, h2, grpc, grpcs or tcp
	Address  string `json:"address"`  // of the peer
	Proxy    string `json:"proxy"`    // address of the proxy to reach it by, if any
	Seed     int64  `json:"seed"`

	N           int           `json:"n"`           // exchanges to have
	Concurrency int           `json:"concurrency"` // at a time, 1 if zero
	Warm        bool          `json:"warm"`        // exchange 0 is over before any other begins
	Pause       time.Duration `json:"pause"`       // of each of those that have exchanges, between two of them
	Background  bool          `json:"background"`  // N is the most; the next line ends it, whatever it says
}

// answer is what became of a command.
type answer struct {
	N        int           `json:"n"`        // exchanges that were had
	Failed   int           `json:"failed"`   // of these
	Failures []string      `json:"failures"` // the first few of their errors
	P50      time.Duration `json:"p50"`      // of how long an exchange took
	P99      time.Duration `json:"p99"`
	CPU      time.Duration `json:"cpu"` // that the process had meanwhile
}

// maxFailures bounds an answer.
const maxFailures = 5

// exchange has exchange i with the peer. All that is random in it comes from random.
type exchange func(i int, random *rand.Rand) error

// work is a command that is being performed.
type work struct {
	command
	stopped chan struct{}
	done    chan answer
}

func begin(c command) work {
	w := work{command: c, stopped: make(chan struct{}), done: make(chan answer, 1)}
	go func() { w.done <- w.perform() }()
	return w
}

func (w work) stop()        { close(w.stopped) }
func (w work) wait() answer { return <-w.done }

func (w work) perform() answer {
	have, finish, err := open(w.command)
	if err != nil {
		return answer{N: w.N, Failed: w.N, Failures: []string{err.Error()}}
	}
	var (
		a         answer
		mu        sync.Mutex
		durations []time.Duration
		workers   sync.WaitGroup
	)
	if w.Warm {
		if err := have(0, rand.New(rand.NewSource(w.Seed))); err != nil {
			a.fail(err)
		}
	}
	before := cpuTime()
	next := make(chan int)
	for worker := 0; worker == 0 || worker < w.Concurrency; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for i := range next {
				start := time.Now()
				err := have(i, rand.New(rand.NewSource(w.Seed+int64(i))))
				took := time.Since(start)
				mu.Lock()
				durations = append(durations, took)
				if err != nil {
					a.fail(err)
				}
				mu.Unlock()
				time.Sleep(w.Pause)
			}
		}()
	}
	a.N = w.hand(next)
	close(next)
	workers.Wait()
	a.CPU = cpuTime() - before
	if err := finish(); err != nil {
		a.fail(err)
	}
	a.P50, a.P99 = percentile(durations, 50), percentile(durations, 99)
	return a
}

// hand hands out the numbers of exchanges and returns how many they were.
func (w work) hand(next chan<- int) int {
	first := 0
	if w.Warm {
		first = 1
	}
	for i := first; i < w.N; i++ {
		select {
		case <-w.stopped:
			return i
		default:
		}
		next <- i
	}
	return w.N
}

func (a *answer) fail(err error) {
	a.Failed++
	if len(a.Failures) < maxFailures {
		a.Failures = append(a.Failures, err.Error())
	}
}
