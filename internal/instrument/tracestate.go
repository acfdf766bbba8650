// SPDX-License-Identifier: Apache-2.0

package instrument

import "strings"

// MaxTracestate is how much of a tracestate the kernel side sends, in bytes: what W3C Trace
// Context wants passed on at least (section 3.3.1.5).
const MaxTracestate = 512

// Tracestate is the tracestate that a caller sent, in valid UTF-8, without the last list
// member of one that may have been cut in it.
func Tracestate(sent string) string {
	if len(sent) >= MaxTracestate {
		sent = sent[:max(strings.LastIndexByte(sent, ','), 0)]
	}
	return Text(sent)
}
