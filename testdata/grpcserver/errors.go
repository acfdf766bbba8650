// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// withStatus fails with the status code that is the first word of the request, a number; what
// follows it is the message. Code 0 is success.
func withStatus(_ context.Context, request string) (string, error) {
	number, message := request, ""
	if i := strings.IndexByte(request, ' '); i >= 0 {
		number, message = request[:i], request[i+1:]
	}
	code, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return "", status.Error(codes.InvalidArgument, "no such code")
	}
	return message, status.Error(codes.Code(code), message)
}

// handlerError is an error of the program's own.
type handlerError struct{ reason string }

func (e *handlerError) Error() string { return e.reason }

// statusError is an error of the program's own that knows its status, as grpc/status lets it.
type statusError struct{ status *status.Status }

func (e statusError) Error() string              { return "an error with a status" }
func (e statusError) GRPCStatus() *status.Status { return e.status }

// fail returns an error of the kind that the request names.
func fail(_ context.Context, request string) (string, error) {
	switch request {
	case "plain":
		return "", errors.New("a plain error")
	case "own":
		return "", &handlerError{"an error of its own type"}
	case "constant":
		return "", &handlerError{constantMessage()}
	case "wrapped":
		return "", fmt.Errorf("wrapped: %w", status.Error(codes.NotFound, "a wrapped status"))
	case "status":
		return "", statusError{status.New(codes.AlreadyExists, "a status of its own")}
	case "details":
		with, err := status.New(codes.ResourceExhausted, "a status with details").WithDetails(durationpb.New(duration("1s")))
		if err != nil {
			return "", err
		}
		return "", with.Err()
	case "eof":
		return "", io.EOF
	case "cancelled":
		return "", context.Canceled
	case "deadline":
		return "", context.DeadlineExceeded
	}
	return "", status.Error(codes.InvalidArgument, "no such error")
}
