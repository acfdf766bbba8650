// SPDX-License-Identifier: Apache-2.0

//go:build go1.21

package main

import (
	"context"
	"errors"
)

func init() {
	wrappers["without_cancel"] = func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithoutCancel(ctx), func() {}
	}
	// A context of the standard library as parent gives AfterFunc its own place in the chain of cancellations.
	wrappers["after_func"] = func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		stop := context.AfterFunc(ctx, func() {})
		return ctx, func() {
			stop()
			cancel(errors.New("the call is over"))
		}
	}
}
