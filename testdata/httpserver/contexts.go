// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"
)

// The contexts that people write by hand: what they derive from is an embedded or a named field, at
// the start of a struct or behind other fields, and the interface holds a pointer or the struct itself.
type (
	embeddedContext struct {
		name string
		context.Context
	}
	namedContext struct {
		sequence int
		labels   []string
		parent   context.Context
	}
	valueContext struct {
		context.Context
	}
)

func (c *namedContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *namedContext) Done() <-chan struct{}       { return c.parent.Done() }
func (c *namedContext) Err() error                  { return c.parent.Err() }
func (c *namedContext) Value(key any) any           { return c.parent.Value(key) }

type contextKey struct{}

// wrappers derives a context by name, each in the way that the name says.
var wrappers = map[string]func(context.Context) (context.Context, context.CancelFunc){
	"": func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
	"value": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithValue(ctx, contextKey{}, "value"), func() {}
	},
	"cancel": context.WithCancel,
	"timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Minute)
	},
	"embedded": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return &embeddedContext{name: "embedded", Context: ctx}, func() {}
	},
	"named": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return &namedContext{sequence: 1, labels: []string{"named"}, parent: ctx}, func() {}
	},
	"struct": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return valueContext{Context: ctx}, func() {}
	},
	"chain": func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx = &embeddedContext{name: "chain", Context: valueContext{Context: ctx}}
		ctx, cancel := context.WithCancel(&namedContext{parent: ctx})
		for i := 0; i < 8; i++ {
			ctx = context.WithValue(ctx, contextKey{}, i)
		}
		return ctx, cancel
	},
	"background": func(context.Context) (context.Context, context.CancelFunc) {
		return context.Background(), func() {}
	},
}

// wrap derives a context from ctx by the wrapper of that name. The caller must cancel it.
func wrap(ctx context.Context, name string) (context.Context, context.CancelFunc, error) {
	wrapper, known := wrappers[name]
	if !known {
		return nil, nil, fmt.Errorf("no context of the kind %q in this version of Go", name)
	}
	ctx, cancel := wrapper(ctx)
	return ctx, cancel, nil
}
