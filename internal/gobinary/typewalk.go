// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"
)

// types are the type descriptors of an executable.
type types struct {
	*typeArea
	all []rtype // each once, in the order of the walk
}

// readTypes finds all type descriptors that the runtime could find, too: from
// those that the linker lists for it, over what they refer to.
func (f *File) readTypes() (*types, error) {
	data, err := f.moduleData()
	if err != nil {
		return nil, err
	}
	minor, err := f.GoMinor()
	if err != nil {
		return nil, err
	}
	area, err := newTypeArea(f.image, data.types, data.etypes, typeFormatOf(minor, f.GoVersion()))
	if err != nil {
		return nil, err
	}
	w := newTypeWalk(area)
	if minor >= 27 {
		w.addTypedescs(data.typedesclen)
	} else if err := w.addTypelinks(data.typelinks); err != nil {
		return nil, err
	}
	w.follow()
	return &types{typeArea: area, all: w.found}, area.failure()
}

// typeWalk goes over the graph of types. found is also its queue.
type typeWalk struct {
	*typeArea
	seen  []uint64 // a bit for every 8 bytes of the area
	found []rtype
}

// An executable of 674 MB has 344 000 types.
const maxTypes = 4 << 20

func newTypeWalk(area *typeArea) *typeWalk {
	return &typeWalk{typeArea: area, seen: make([]uint64, area.size/8/64+1)}
}

func (w *typeWalk) add(t rtype) {
	w.step()
	word, bit := t/8/64, uint64(1)<<(t/8%64)
	if t == 0 || w.seen[word]&bit != 0 {
		return
	}
	if len(w.found) == maxTypes {
		w.fail(fmt.Errorf("more than %d types", maxTypes))
		return
	}
	w.seen[word] |= bit
	w.found = append(w.found, t)
}

// addTypelinks adds the types of moduledata.typelinks, up to Go 1.26: all the
// types without a name, and pointers to named types are such.
func (w *typeWalk) addTypelinks(links table) error {
	const chunk = 4096
	var buf [chunk * 4]byte
	for i := uint64(0); i < links.len; i += chunk {
		offsets := buf[:min(chunk, links.len-i)*4]
		if err := w.image.read(links.addr+i*4, offsets); err != nil {
			return fmt.Errorf("reading the typelinks: %w", err)
		}
		for ; len(offsets) > 0 && w.err == nil; offsets = offsets[4:] {
			w.add(w.atOffset(binary.LittleEndian.Uint32(offsets)))
		}
	}
	return nil
}

// addTypedescs adds the same types from Go 1.27 on, where they stand one after
// the other at the start of the area; see runtime.moduleTypelinks.
func (w *typeWalk) addTypedescs(end uint64) {
	for offset := uint64(8); offset < end && w.err == nil; {
		t := w.at(w.base + offset)
		w.add(t)
		offset += (w.descriptorSize(t) + 7) &^ 7
	}
}

// follow adds what the types refer to, and so on.
func (w *typeWalk) follow() {
	for i := 0; i < len(w.found) && w.err == nil; i++ {
		w.addReferences(w.found[i])
	}
}

func (w *typeWalk) addReferences(t rtype) {
	w.add(w.pointerToThis(t))
	switch w.kind(t) {
	case kindArray, kindChan, kindPointer, kindSlice:
		w.add(w.elem(t))
	case kindMap:
		w.addPointers(table{addr: uint64(t) + rtypeSize, len: 3}) // key, element, bucket or group
	case kindFunc:
		w.addPointers(w.parameters(t))
	case kindStruct:
		for f := range w.fields(t) {
			w.add(f.typ)
		}
	}
	for m := range w.methods(t) {
		w.add(m.typ)
	}
}

func (w *typeWalk) addPointers(pointers table) {
	for i := uint64(0); i < pointers.len && w.err == nil; i++ {
		w.add(w.at(w.uint64(pointers.addr + i*8)))
	}
}
