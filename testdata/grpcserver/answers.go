// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// echo answers with the request.
func echo(_ context.Context, request string) (string, error) { return request, nil }

// large answers with as many bytes as the request says.
func large(_ context.Context, request string) (string, error) {
	n, err := strconv.Atoi(request)
	if err != nil || n < 0 {
		return "", status.Error(codes.InvalidArgument, "not a number of bytes")
	}
	return strings.Repeat("x", n), nil
}

// sleep answers after the duration that the request is, whether or not the client is still there.
func sleep(_ context.Context, request string) (string, error) {
	time.Sleep(duration(request))
	return "slept", nil
}

// wait answers after the duration that the request is, or fails at once when the call is over for
// the client: with CANCELLED or DEADLINE_EXCEEDED. It prints a line `waiting` when it does.
func wait(ctx context.Context, request string) (string, error) {
	fmt.Println("waiting")
	timer := time.NewTimer(duration(request))
	defer timer.Stop()
	select {
	case <-timer.C:
		return "waited", nil
	case <-ctx.Done():
		// grpc itself cancels the context at the deadline too, from 1.76 on.
		if deadline, has := ctx.Deadline(); has && !time.Now().Before(deadline) {
			return "", status.FromContextError(context.DeadlineExceeded).Err()
		}
		return "", status.FromContextError(ctx.Err()).Err()
	}
}

// late waits until the call is over for the client, whatever the reason, and then succeeds. It
// prints a line `waiting` when it does.
func late(ctx context.Context, _ string) (string, error) {
	fmt.Println("waiting")
	<-ctx.Done()
	return "late", nil
}

// attempts counts the calls of flaky by their request.
var attempts struct {
	sync.Mutex
	of map[string]int
}

// flaky is not available to the first two calls with the same request.
func flaky(_ context.Context, request string) (string, error) {
	attempts.Lock()
	defer attempts.Unlock()
	if attempts.of == nil {
		attempts.of = map[string]int{}
	}
	attempts.of[request]++
	if n := attempts.of[request]; n <= 2 {
		return "", status.Errorf(codes.Unavailable, "attempt %d", n)
	}
	return request, nil
}

// duration is what a text says, zero if it says none.
func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
