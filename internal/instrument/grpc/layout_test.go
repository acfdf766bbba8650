// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

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
