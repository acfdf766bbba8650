// SPDX-License-Identifier: Apache-2.0

package instrument

import "github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"

// Missing is the offset of a field that is not known, MISSING in bpf/include/memory.h.
const Missing = 0xffff

// Want is a place in a struct that a library reads, and where its offset goes in the
// layout.
type Want struct {
	Offset *uint16
	// Ways are the ways to say where it is, one of which is that of the version at hand:
	// fields each of which is part of the one before.
	Ways [][]gobinary.Field
}

// At wants a field.
func At(offset *uint16, pkg, structName, field string) Want {
	return Want{Offset: offset}.Or(gobinary.Field{Package: pkg, Struct: structName, Field: field})
}

// Or adds a way: fields each of which is part of the one before.
func (w Want) Or(fields ...gobinary.Field) Want {
	w.Ways = append(w.Ways[:len(w.Ways):len(w.Ways)], fields)
	return w
}

// Reach returns how many bytes of a struct hold the fields at offsets, of which the largest, strings and
// interface values, take 16. It stops below Missing for offsets that are larger than any struct the kernel
// side reads, and is 0 if all are missing.
func Reach(offsets ...uint16) uint16 {
	const largest = 16
	var size uint16
	for _, offset := range offsets {
		if offset != Missing {
			size = max(size, min(offset, Missing-largest)+largest)
		}
	}
	return size
}

// Resolve sets the offset of every want: that of the first way whose fields all have one,
// or Missing. It returns the fields that are missing. Those that the version at hand is known
// not to have are not: it has another way, or there is nothing to read.
func Resolve(wants []Want, found gobinary.Layout) (missing []gobinary.Field) {
	for _, want := range wants {
		var lacking []gobinary.Field
		*want.Offset, lacking = want.resolve(found)
		missing = append(missing, lacking...)
	}
	return missing
}

// resolve returns the offset, or else what the last way that may be the right one lacks.
func (w Want) resolve(found gobinary.Layout) (uint16, []gobinary.Field) {
	var missing []gobinary.Field
	for _, way := range w.Ways {
		sum, lacking, possible := follow(way, found)
		if possible && lacking == nil {
			return sum, nil
		}
		if possible {
			missing = lacking
		}
	}
	return Missing, missing
}

// follow adds the offsets of fields, or returns those without one, or tells that there is no
// such way. If their sum is too large for a layout, all of them are without one.
func follow(way []gobinary.Field, found gobinary.Layout) (offset uint16, lacking []gobinary.Field, possible bool) {
	sum := uint32(0)
	for _, field := range way {
		at, ok := found[field]
		switch {
		case !ok:
			lacking = append(lacking, field)
		case at.Value == gobinary.NoField:
			return 0, nil, false
		default:
			sum = min(sum+min(at.Value, Missing), Missing)
		}
	}
	if lacking == nil && sum == Missing {
		return 0, way, true
	}
	return uint16(sum), lacking, true
}

// Fields lists the fields of wants.
func Fields(wants []Want) []gobinary.Field {
	var fields []gobinary.Field
	for _, want := range wants {
		for _, way := range want.Ways {
			fields = append(fields, way...)
		}
	}
	return fields
}
