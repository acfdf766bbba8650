// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func panicString(context.Context, string) (string, error) {
	panic("a handler that panics")
}

func panicError(context.Context, string) (string, error) {
	panic(&handlerError{reason: "a handler that panics with an error"})
}

// goexit ends the goroutine that handles the call. Nobody answers it then, nor stops it.
func goexit(context.Context, string) (string, error) {
	runtime.Goexit()
	return "", nil
}

// stopping stops the server while the call is open, and succeeds when the call is over for the
// client. The process lives on. A graceful stop waits for the call: it succeeds at once.
func stopping(stop func()) method {
	return func(ctx context.Context, request string) (string, error) {
		go stop()
		if request == "wait" {
			<-ctx.Done()
		}
		return "stopped", nil
	}
}

// die ends the whole process while the call is open, in the way that the request names.
func die(_ context.Context, request string) (string, error) {
	switch request {
	case "panic":
		go panic(&handlerError{reason: "a goroutine that panics"})
	case "exit":
		os.Exit(3)
	case "segv":
		go func() { var nowhere *int; *nowhere = 1 }()
	case "overflow":
		go func() { overflow(0) }()
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		return "", status.Error(codes.InvalidArgument, "how?")
	}
	select {}
}

// overflow recurses until the runtime ends the process for its stack.
func overflow(n int) string {
	return strconv.Itoa(n) + overflow(n+1)
}
