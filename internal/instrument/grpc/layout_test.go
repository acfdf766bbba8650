// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

func TestResolve(t *testing.T) {
	inner, outer, old := field("p", "Inner", "f"), field("p", "Outer", "inner"), field("p", "Outer", "f")
	for name, test := range map[string]struct {
		found   gobinary.Layout
		offset  uint16
		missing []gobinary.Field
	}{
		"first way":     {gobinary.Layout{old: {Value: 8}, outer: {Value: 16}, inner: {Value: 32}}, 8, nil},
		"other way":     {gobinary.Layout{outer: {Value: 16}, inner: {Value: 32}}, 48, nil},
		"half a way":    {gobinary.Layout{outer: {Value: 16}}, instrument.Missing, []gobinary.Field{inner}},
		"no way":        {nil, instrument.Missing, []gobinary.Field{outer, inner}},
		"far away":      {gobinary.Layout{outer: {Value: 0xffff}, inner: {Value: 0xffffffff}}, instrument.Missing, nil},
		"one byte less": {gobinary.Layout{outer: {Value: 0xfff0}, inner: {Value: 0xe}}, 0xfffe, nil},
	} {
		offset := uint16(1)
		wants := []want{at(&offset, "p", "Outer", "f").or(outer, inner)}
		assert.Equal(t, test.missing, resolve(wants, test.found), name)
		assert.Equal(t, test.offset, offset, name)
	}
}

func TestServerStream(t *testing.T) {
	for name, test := range map[string]struct {
		found  gobinary.Layout
		offset uint16
	}{
		"up to 1.68": {nil, instrument.Missing},
		"pointer":    {gobinary.Layout{serverStreamEmbedded: {Value: 16}, serverStreamNext: {Value: 24}}, 16},
		"value":      {gobinary.Layout{serverStreamEmbedded: {Value: 0}, serverStreamNext: {Value: 400}}, instrument.Missing},
		"half known": {gobinary.Layout{serverStreamEmbedded: {Value: 0}}, instrument.Missing},
	} {
		var l layout
		l.resolveServerStream(test.found)
		assert.Equal(t, test.offset, l.ServerStreamEmbedded, name)
	}
}

func TestResolvePropagation(t *testing.T) {
	for name, test := range map[string]struct {
		found               gobinary.Layout
		size, bytes, handle uint16
		missing             []gobinary.Field
	}{
		"up to 1.83":   {gobinary.Layout{fieldLast: {Value: 32}, writerBytes: {Value: 8}}, 40, 8, instrument.Missing, nil},
		"from 1.84 on": {gobinary.Layout{fieldLast: {Value: 32}, writerHandle: {Value: 8}}, 40, instrument.Missing, 8, nil},
		"nothing":      {nil, instrument.Missing, instrument.Missing, instrument.Missing, []gobinary.Field{fieldLast, writerBytes, writerHandle}},
	} {
		var l layout
		assert.Equal(t, test.missing, l.resolvePropagation(test.found), name)
		assert.Equal(t, []uint16{test.size, test.bytes, test.handle}, []uint16{l.FieldSize, l.WriterBytes, l.WriterHandle}, name)
	}
}
