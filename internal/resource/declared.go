// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// Anybody can start a process that declares what it likes. It goes into every batch
// of spans: more attributes, and values of more bytes, are left out.
const (
	maxDeclared      = 128
	maxDeclaredValue = 4096
)

// parseAttributes parses OTEL_RESOURCE_ATTRIBUTES: key=value pairs, separated by
// commas, in which other characters are percent-encoded ("Specifying resource
// information via an environment variable" of the OpenTelemetry specification).
// Entries that are malformed are left out.
func parseAttributes(list string) map[string]string {
	declared := map[string]string{}
	for entry := range strings.SplitSeq(list, ",") {
		if len(declared) >= maxDeclared {
			break
		}
		key, value, ok := strings.Cut(entry, "=")
		if !ok {
			continue
		}
		key, keyOK := decode(key)
		value, valueOK := decode(value)
		if key != "" && keyOK && valueOK {
			declared[key] = value
		}
	}
	return declared
}

func decode(s string) (string, bool) {
	decoded, err := url.PathUnescape(strings.TrimSpace(s))
	return decoded, err == nil && len(decoded) <= maxDeclaredValue && utf8.ValidString(decoded)
}
