// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

func TestResolve(t *testing.T) {
	field := func(structName, name string) gobinary.Field {
		return gobinary.Field{Package: "p", Struct: structName, Field: name}
	}
	inner, outer, old := field("Inner", "f"), field("Outer", "inner"), field("Outer", "f")
	const none = gobinary.NoField
	for name, test := range map[string]struct {
		found   gobinary.Layout
		offset  uint16
		missing []gobinary.Field
	}{
		"first way":               {gobinary.Layout{old: {Value: 8}, outer: {Value: 16}, inner: {Value: 32}}, 8, nil},
		"other way":               {gobinary.Layout{outer: {Value: 16}, inner: {Value: 32}}, 48, nil},
		"half a way":              {gobinary.Layout{outer: {Value: 16}}, Missing, []gobinary.Field{inner}},
		"nothing is known":        {nil, Missing, []gobinary.Field{outer, inner}},
		"too far":                 {gobinary.Layout{outer: {Value: 0xffff}, inner: {Value: 0xfffffffe}}, Missing, []gobinary.Field{outer, inner}},
		"just too far":            {gobinary.Layout{outer: {Value: 0xfff0}, inner: {Value: 0xf}}, Missing, []gobinary.Field{outer, inner}},
		"just near enough":        {gobinary.Layout{outer: {Value: 0xfff0}, inner: {Value: 0xe}}, 0xfffe, nil},
		"other way, first absent": {gobinary.Layout{old: {Value: none}, outer: {Value: 16}, inner: {Value: 32}}, 48, nil},
		"first absent":            {gobinary.Layout{old: {Value: none}}, Missing, []gobinary.Field{outer, inner}},
		"other absent":            {gobinary.Layout{outer: {Value: none}}, Missing, []gobinary.Field{old}},
		"other absent in part":    {gobinary.Layout{outer: {Value: 16}, inner: {Value: none}}, Missing, []gobinary.Field{old}},
		"both absent":             {gobinary.Layout{old: {Value: none}, outer: {Value: none}}, Missing, nil},
	} {
		t.Run(name, func(t *testing.T) {
			offset := uint16(1)
			wants := []Want{At(&offset, "p", "Outer", "f").Or(outer, inner)}
			assert.Equal(t, test.missing, Resolve(wants, test.found))
			assert.Equal(t, test.offset, offset)
			assert.Equal(t, []gobinary.Field{old, outer, inner}, Fields(wants))
		})
	}
}

// A way that is added to a want is not one of others that were made from it.
func TestOrLeavesOthersAlone(t *testing.T) {
	a, b := gobinary.Field{Field: "a"}, gobinary.Field{Field: "b"}
	want := At(nil, "p", "s", "f").Or(a).Or(a)
	first, second := want.Or(a), want.Or(b)
	assert.Equal(t, [][]gobinary.Field{{a}, {b}}, [][]gobinary.Field{first.Ways[3], second.Ways[3]})
}

func TestReach(t *testing.T) {
	for _, test := range []struct {
		offsets []uint16
		size    uint16
	}{
		{nil, 0},
		{[]uint16{Missing}, 0},
		{[]uint16{0}, 16},
		{[]uint16{8, 232, Missing, 16}, 248},
		{[]uint16{Missing - 1}, Missing}, // no smaller than the struct that it is in
	} {
		assert.Equal(t, test.size, Reach(test.offsets...))
	}
}
