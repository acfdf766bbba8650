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
