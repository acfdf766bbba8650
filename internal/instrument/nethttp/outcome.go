// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// putOutcome sets error.type and the status of a span. A response whose status is an
// error by the rules of the span's kind has that status as its error.type.
func putOutcome(r instrument.Record, status, firstErrorStatus uint16, span ptrace.Span) {
	if !instrument.PutOutcome(r, span) && status >= firstErrorStatus {
		instrument.PutFailure(span, strconv.Itoa(int(status)), "")
	}
}
