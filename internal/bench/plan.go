// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "time"

// plan is how much is measured.
type plan struct {
	rounds   int           // how often each load runs in each mode, by turns
	duration time.Duration // of each run
	warmUp   time.Duration // how long a load runs before it is measured
	// requests ends a run after so many of each client, where it is not 0.
	requests int

	concurrency []int // clients at a time
	headers     []int // of a request, besides those that every request has
	processes   []int // that are traced at the same time
	executables int   // that they run, where it is not one
	large       int   // bytes of the large executable
	burst       int   // spans that wait in the ring buffer
}

// fullPlan is what docs/performance.md is made by. It takes about 25 minutes.
func fullPlan() plan {
	return plan{
		rounds: 5, duration: 1500 * time.Millisecond, warmUp: 400 * time.Millisecond,
		concurrency: []int{1, 4, 16, 64, 250, 1000, 2000},
		headers:     []int{0, 10, 25, 50, 100},
		processes:   []int{1, 10, 50, 200},
		executables: 50,
		large:       100 << 20,
		burst:       16 * batchSpans,
	}
}

// fewer is how often the loads of curves run: their points bear each other out.
func (p plan) fewer() int { return (p.rounds + 1) / 2 }
