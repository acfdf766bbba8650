// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"strings"
	"unicode/utf8"
)

// Text makes valid UTF-8 of bytes of a target, as OTLP wants its strings: those that are
// not, U+FFFD stands for.
func Text(s string) string {
	if utf8.ValidString(s) { // as a rule, and it is quick where all is ASCII
		return s
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
