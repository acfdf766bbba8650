// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

func TestResolve(t *testing.T) {
	field := func(name string) gobinary.Field { return gobinary.Field{Package: "p", Struct: "s", Field: name} }
	known, largest, tooLarge, unknown := uint16(1), uint16(1), uint16(1), uint16(1)
	wants := []Want{
		{field("known"), &known}, {field("largest"), &largest}, {field("too_large"), &tooLarge}, {field("unknown"), &unknown},
	}
	missing := Resolve(wants, gobinary.Layout{
		field("known"):     {Value: 8},
		field("largest"):   {Value: Missing - 1},
		field("too_large"): {Value: Missing},
		field("other"):     {Value: 16},
	})
	assert.Equal(t, []gobinary.Field{field("too_large"), field("unknown")}, missing)
	assert.Equal(t, []uint16{8, Missing - 1, Missing, Missing}, []uint16{known, largest, tooLarge, unknown})
	assert.Equal(t, []gobinary.Field{field("known"), field("largest"), field("too_large"), field("unknown")}, Fields(wants))
}
