// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"io"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

// maxTypeNames bounds what is remembered of the types of one binary.
const maxTypeNames = 1024

// typeNames names the types of one binary that events speak of.
type typeNames struct {
	file  io.ReaderAt
	types *gobinary.TypeNames
	names map[uint64]string
}

// name returns the type with a link-time address, or "" when there is none: the address
// comes from the target.
func (e *typeNames) name(address uint64) string {
	if address == 0 || e.types == nil {
		return ""
	}
	name, ok := e.names[address]
	if !ok {
		name, _ = e.types.Name(e.file, address)
		if len(e.names) < maxTypeNames {
			e.names[address] = name
		}
	}
	return name
}
