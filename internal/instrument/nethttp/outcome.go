// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// unknownError is error.type where an error has none that is known.
const unknownError = "_OTHER"

// putOutcome sets error.type and the status of a span. A response whose status is an
// error by the rules of the span's kind has that status as its error.type.
func putOutcome(end instrument.End, status uint16, firstErrorStatus uint16, span ptrace.Span) {
	fail := func(errorType, message string) {
		if errorType == "" {
			errorType = unknownError
		}
		span.Attributes().PutStr(string(semconv.ErrorTypeKey), text(errorType))
		span.Status().SetCode(ptrace.StatusCodeError)
		span.Status().SetMessage(message)
	}
	switch {
	case end.Outcome == events.Panicked:
		fail(end.ErrorTypeName, "panic")
	case end.Outcome == events.Goexit:
		fail("runtime.Goexit", "the goroutine exited")
	case end.Outcome == events.Abandoned:
		fail("", "the function did not return")
	case end.Outcome == events.Died:
		fail("", "the process ended")
	case end.HasError:
		fail(end.ErrorTypeName, "")
	case status >= firstErrorStatus:
		fail(strconv.Itoa(int(status)), "")
	}
}
