// SPDX-License-Identifier: Apache-2.0

package instrument

import "github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"

// Missing is the offset of a field that is not known, MISSING in bpf/include/memory.h.
const Missing = 0xffff

// Want is a field that a library reads, and where its offset goes in the layout.
type Want struct {
	gobinary.Field
	Offset *uint16
}

// Resolve sets the offset of every field: those that fields lacks to Missing. It returns
// the fields that are missing.
func Resolve(wants []Want, fields gobinary.Layout) (missing []gobinary.Field) {
	for _, want := range wants {
		*want.Offset = Missing
		if offset, ok := fields[want.Field]; ok && offset.Value < Missing {
			*want.Offset = uint16(offset.Value)
			continue
		}
		missing = append(missing, want.Field)
	}
	return missing
}

// Fields lists the fields of wants.
func Fields(wants []Want) []gobinary.Field {
	fields := make([]gobinary.Field, len(wants))
	for i, want := range wants {
		fields[i] = want.Field
	}
	return fields
}
