// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// knownMethods are those that semantic conventions list for http.request.method: RFC 9110,
// section 9.3, and RFC 5789. All others are _OTHER, so that clients cannot invent values.
var knownMethods = map[string]bool{
	"CONNECT": true, "DELETE": true, "GET": true, "HEAD": true, "OPTIONS": true,
	"PATCH": true, "POST": true, "PUT": true, "QUERY": true, "TRACE": true,
}

const otherMethod = "_OTHER"

// putMethod sets the attributes of a method and returns what a span's name says for it.
func putMethod(method string, attributes pcommon.Map) string {
	if knownMethods[method] {
		attributes.PutStr(string(semconv.HTTPRequestMethodKey), method)
		return method
	}
	attributes.PutStr(string(semconv.HTTPRequestMethodKey), otherMethod)
	if method != "" { // it is when the target's memory could not be read
		attributes.PutStr(string(semconv.HTTPRequestMethodOriginalKey), instrument.Text(method))
	}
	return "HTTP"
}
