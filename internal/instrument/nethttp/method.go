// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// isKnown tells whether semantic conventions list a method for http.request.method: RFC 9110,
// section 9.3, and RFC 5789. All others are _OTHER, so that clients cannot invent values.
func isKnown(method string) bool {
	switch method {
	case "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE":
		return true
	}
	return false
}

const otherMethod = "_OTHER"

// putMethod sets the attributes of a method and returns what a span's name says for it.
func putMethod(method string, attributes pcommon.Map) string {
	if isKnown(method) {
		attributes.PutStr(string(semconv.HTTPRequestMethodKey), method)
		return method
	}
	attributes.PutStr(string(semconv.HTTPRequestMethodKey), otherMethod)
	if method != "" { // it is when the target's memory could not be read
		attributes.PutStr(string(semconv.HTTPRequestMethodOriginalKey), instrument.Text(method))
	}
	return "HTTP"
}
