// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"log"

	"golang.org/x/sync/errgroup"
)

// task is an action of a request.
type task func(ctx context.Context) error

// ways are the goroutines that perform a request's tasks while the handler waits for them, by the name that a
// request has for the way. All of them are handed the handler's context.
var ways = map[string]func(s *service, ctx context.Context, r request, tasks []task) error{
	"":          onOwnGoroutine,
	"goroutine": onNewGoroutine,
	"pool": func(s *service, ctx context.Context, _ request, tasks []task) error {
		return s.pool.perform(ctx, tasks)
	},
	"hired": func(s *service, ctx context.Context, _ request, tasks []task) error {
		s.hire.Do(s.hired.start)
		return s.hired.perform(ctx, tasks)
	},
	"errgroup": inGroup,
	"later":    later,
}

func onOwnGoroutine(_ *service, ctx context.Context, _ request, tasks []task) error {
	return inTurn(ctx, tasks)
}

func onNewGoroutine(_ *service, ctx context.Context, _ request, tasks []task) error {
	done := make(chan error)
	go func() { done <- inTurn(ctx, tasks) }()
	return <-done
}

func inTurn(ctx context.Context, tasks []task) error {
	for _, do := range tasks {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// inGroup performs the tasks at the same time, each on a goroutine of its own.
func inGroup(_ *service, ctx context.Context, _ request, tasks []task) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, do := range tasks {
		do := do
		group.Go(func() error { return do(ctx) })
	}
	return group.Wait()
}

// later lets the handler return as soon as a task waits to be released (hold.go), and performs the rest then.
func later(s *service, ctx context.Context, r request, tasks []task) error {
	h := s.holds.of(r.id)
	go func() {
		defer close(h.done)
		if err := inTurn(ctx, tasks); err != nil {
			log.Print(err)
			h.err = err
		}
	}()
	select {
	case <-h.held:
	case <-h.done:
	}
	return h.err
}

// pool are goroutines that outlive requests and work for all of them.
type pool chan func()

// poolSize is how many tasks a pool performs at a time.
const poolSize = 8

func (p pool) start() {
	for i := 0; i < poolSize; i++ {
		go func() {
			for work := range p {
				work()
			}
		}()
	}
}

// perform hands the tasks to the pool, one by one, with the context.
func (p pool) perform(ctx context.Context, tasks []task) error {
	for _, do := range tasks {
		do, done := do, make(chan error)
		p <- func() { done <- do(ctx) }
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}
