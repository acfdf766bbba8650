// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTracestate(t *testing.T) {
	long := strings.Repeat("x", MaxTracestate)
	for sent, want := range map[string]string{
		"":                 "",
		"vendor=1,other=2": "vendor=1,other=2",
		"vendor=\xff":      "vendor=\uFFFD",
		("vendor=1,a=b,c=" + long)[:MaxTracestate-1]: ("vendor=1,a=b,c=" + long)[:MaxTracestate-1],
		("vendor=1,a=b,c=" + long)[:MaxTracestate]:   "vendor=1,a=b", // what comes behind may be missing
		long: "",
	} {
		assert.Equal(t, want, Tracestate(sent), sent)
	}
}
