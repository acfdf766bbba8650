// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestProtocolVersion(t *testing.T) {
	for _, test := range []struct {
		major, minor uint8
		want         string
	}{{0, 0, ""}, {0, 9, ""}, {1, 0, "1.0"}, {1, 1, "1.1"}, {2, 0, "2"}, {3, 0, "3"}, {255, 255, "255.255"}} {
		assert.Equal(t, test.want, protocolVersion(test.major, test.minor))
	}
}
