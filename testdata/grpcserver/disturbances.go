// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/url"
	"runtime"
	"runtime/debug"
	"strconv"
)

// deep takes a query: it recurses n times with a frame of 1 KiB each, so that the stack grows and
// moves under the open call, and answers from the bottom, with a call to target if it is given, so
// that the call too begins on a stack that is about to grow.
func deep(ctx context.Context, request string) (answer string, err error) {
	query, err := url.ParseQuery(request)
	if err != nil {
		return "", err
	}
	depth, err := strconv.Atoi(query.Get("n"))
	if err != nil {
		return "", err
	}
	descend(depth, func() {
		answer = "bottom"
		if query.Get("target") != "" {
			answer, err = call(ctx, request)
		}
	})
	return answer, err
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

// collectGarbage also gives memory back to the system, and shrinks stacks.
func collectGarbage(context.Context, string) (string, error) {
	runtime.GC()
	debug.FreeOSMemory()
	return "collected", nil
}
