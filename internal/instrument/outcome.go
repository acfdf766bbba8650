// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// unknownError is error.type where an error has none that is known.
const unknownError = "_OTHER"

// PutFailure sets the status of a span to error, and error.type.
func PutFailure(span ptrace.Span, errorType, message string) {
	if errorType == "" {
		errorType = unknownError
	}
	span.Attributes().PutStr(string(semconv.ErrorTypeKey), Text(errorType))
	span.Status().SetCode(ptrace.StatusCodeError)
	span.Status().SetMessage(Text(message))
}

// PutOutcome makes a failure of an operation that did not return, or returned an error,
// and tells whether it did one of the two.
func PutOutcome(r Record, span ptrace.Span) bool {
	switch {
	case r.End.Outcome == events.Panicked:
		PutFailure(span, r.TypeName(r.End.ErrorType), "panic")
	case r.End.Outcome == events.Goexit:
		PutFailure(span, "runtime.Goexit", "the goroutine exited")
	case r.End.Outcome == events.Abandoned:
		PutFailure(span, "", "the function did not return")
	case r.End.Outcome == events.Died:
		PutFailure(span, "", "the process ended")
	case r.End.HasError:
		PutFailure(span, r.TypeName(r.End.ErrorType), "")
	default:
		return false
	}
	return true
}
