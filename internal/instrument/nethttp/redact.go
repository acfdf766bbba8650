// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"net/url"
	"strings"
)

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

// redactOpaque does for the opaque part of a URL what is done elsewhere for its fields: it
// is sent as it stands and can have all of "//user:password@host/path?query".
func redactOpaque(opaque string) string {
	opaque, query, hasQuery := strings.Cut(opaque, "?")
	if rest, ok := strings.CutPrefix(opaque, "//"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			opaque = "//" + redacted + ":" + redacted + rest[at:]
		}
	}
	if hasQuery {
		opaque += "?" + redactQuery(query)
	}
	return opaque
}

// redactQuery replaces the values of secret parameters and keeps everything else as it
// stands, the order and the escapes too.
func redactQuery(query string) string {
	kept := 0 // so much of the query is in out, or secret
	var out strings.Builder
	for at := 0; at < len(query); {
		parameter, _, _ := strings.Cut(query[at:], "&")
		if name, _, ok := strings.Cut(parameter, "="); ok && isSecret(name) {
			out.WriteString(query[kept : at+len(name)+1])
			out.WriteString(redacted)
			kept = at + len(parameter)
		}
		at += len(parameter) + 1
	}
	if kept == 0 {
		return query
	}
	out.WriteString(query[kept:])
	return out.String()
}

// isSecret tells whether a parameter is secret, however its name is escaped.
func isSecret(name string) bool {
	if !strings.ContainsAny(name, "%+") {
		return secretParameters[name]
	}
	unescaped, err := url.QueryUnescape(name)
	return err == nil && secretParameters[unescaped]
}
