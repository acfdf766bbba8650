// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMapKind(t *testing.T) {
	for _, test := range []struct {
		minor       int
		experiments string
		want        uint16
	}{
		{18, "", mapBuckets},
		{23, "boringcrypto", mapBuckets},
		{24, "", mapSwiss},
		{24, "boringcrypto,noswissmap", mapBuckets},
		{27, "nomapsplitgroup", mapSwiss},
		{27, "mapsplitgroup", mapUnknown},
	} {
		assert.Equal(t, test.want, mapKind(test.minor, test.experiments), "Go 1.%d with %q", test.minor, test.experiments)
	}
}
