// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRedactQuery(t *testing.T) {
	for query, want := range map[string]string{
		"":                             "",
		"a=1&b=2":                      "a=1&b=2",
		"sig=abc":                      "sig=REDACTED",
		"sig=":                         "sig=REDACTED",
		"sig":                          "sig",
		"sig=a=b":                      "sig=REDACTED",
		"a&&sig=1&&sig=2&b=%zz":        "a&&sig=REDACTED&&sig=REDACTED&b=%zz",
		"AWSAccessKeyId=1&Signature=2": "AWSAccessKeyId=REDACTED&Signature=REDACTED",
		"X-Amz-Signature=1&X-Amz-Credential=2&X-Amz-Security-Token=3&X-Amz-Date=4": "X-Amz-Signature=REDACTED&X-Amz-Credential=REDACTED&X-Amz-Security-Token=REDACTED&X-Amz-Date=4",
		"X-Goog-Signature=1":           "X-Goog-Signature=REDACTED",
		"X%2DGoog-Signature=1&%73ig=2": "X%2DGoog-Signature=REDACTED&%73ig=REDACTED",
		"SIG=1&signature=2":            "SIG=1&signature=2", // keys are case-sensitive
		"%zz=1":                        "%zz=1",
	} {
		assert.Equal(t, want, redactQuery(query), query)
	}
}

func TestRedactOpaque(t *testing.T) {
	for opaque, want := range map[string]string{
		"":                           "",
		"someone@example":            "someone@example",
		"//a.example/b@c":            "//a.example/b@c",
		"//user:secret@a.example":    "//REDACTED:REDACTED@a.example",
		"//user:se@cret@a.example/b": "//REDACTED:REDACTED@a.example/b",
		"//a.example/b?sig=1?&c":     "//a.example/b?sig=REDACTED&c",
		"//a.example?":               "//a.example?",
		"//":                         "//",
	} {
		assert.Equal(t, want, redactOpaque(opaque), opaque)
	}
}
