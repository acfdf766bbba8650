// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// workers is how many goroutines wait for steps with where "worker".
const workers = 4

var work = make(chan func())

// startWorkers starts the goroutines that perform steps with where "worker".
func startWorkers() {
	for i := 0; i < workers; i++ {
		go func() {
			for do := range work {
				do()
			}
		}()
	}
}

// runAt runs do on a goroutine as a step's where says, and waits until it has returned or ended its goroutine.
func runAt(where string, do func()) {
	if where == "" {
		do()
		return
	}
	done := make(chan struct{})
	task := func() {
		defer close(done)
		do()
	}
	if where == "worker" {
		work <- task
	} else {
		go task()
	}
	<-done
}

// descend calls bottom below depth frames of 1 KiB.
//
//go:noinline
func descend(depth int, bottom func()) byte {
	var frame [1024]byte
	frame[depth%len(frame)] = byte(depth)
	if depth <= 0 {
		bottom()
		return frame[0]
	}
	return frame[depth%len(frame)] + descend(depth-1, bottom)
}

// context derives the context of a step. The caller must cancel it.
func (next step) context(ctx context.Context) (context.Context, context.CancelFunc, error) {
	ctx, cancelWrapped, err := wrap(ctx, next.Context)
	if err != nil {
		return nil, nil, err
	}
	cancels := []context.CancelFunc{cancelWrapped}
	if next.Timeout != "" {
		timeout, err := time.ParseDuration(next.Timeout)
		if err != nil {
			return nil, nil, err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		cancels = append(cancels, cancel)
	}
	if next.CancelAfter != "" {
		after, err := time.ParseDuration(next.CancelAfter)
		if err != nil {
			return nil, nil, err
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		timer := time.AfterFunc(after, cancel)
		cancels = append(cancels, cancel, func() { timer.Stop() })
	}
	return ctx, func() {
		for _, cancel := range cancels {
			cancel()
		}
	}, nil
}
