// SPDX-License-Identifier: Apache-2.0

package nethttp

import "strings"

const redacted = "REDACTED"

// secretParameters are the query parameters whose values semantic conventions want
// redacted in url.query and url.full: signatures of AWS, Azure and Google Cloud.
var secretParameters = map[string]bool{
	"AWSAccessKeyId":       true,
	"Signature":            true,
	"sig":                  true,
	"X-Goog-Signature":     true,
	"X-Amz-Signature":      true,
	"X-Amz-Credential":     true,
	"X-Amz-Security-Token": true,
}

// redactQuery replaces the values of secret parameters and keeps everything else as it
// stands, the order and the escapes too.
func redactQuery(query string) string {
	var out strings.Builder
	changed := false
	for rest := query; rest != ""; {
		parameter, separator := rest, ""
		if i := strings.IndexByte(rest, '&'); i >= 0 {
			parameter, separator = rest[:i], "&"
		}
		rest = rest[len(parameter)+len(separator):]
		if name, _, ok := strings.Cut(parameter, "="); ok && secretParameters[name] {
			parameter, changed = name+"="+redacted, true
		}
		out.WriteString(parameter)
		out.WriteString(separator)
	}
	if !changed {
		return query
	}
	return out.String()
}
