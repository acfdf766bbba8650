// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

// target is a process that is traced, as the reader knows it. Only the reader's
// goroutine uses it.
type target struct {
	types     *typeNames
	typeName  func(address uint64) string // of types: made once, for all spans
	constants events.Constants
	outputs   []*output
	// open has the start event of each span that has not ended.
	open map[pcommon.SpanID]*openSpan
}

// openSpan is a start event that waits for its end.
type openSpan struct {
	record  []byte
	suspect bool // not among the open spans of the kernel side when it was last looked at
}
