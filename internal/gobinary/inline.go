// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// Places in a function's record and in the tables that it names; see
// runtime/runtime2.go, runtime/symtab.go, runtime/symtabinl.go.
const (
	pcdataInlTreeIndex = 2
	funcdataInlTree    = 3
	noFuncdata         = 1<<32 - 1
)

const (
	maxPcdata   = 64 // a function has 5 tables at the most
	maxFuncdata = 64 // and 8 of these
	// maxInlineSteps bounds the entries of all tables of a binary together. An
	// executable of 100 MB has about a million.
	maxInlineSteps = 16 << 20
)

// Inlined returns those of the names that are inlined somewhere in the binary,
// as the tables that tracebacks use tell; see Functions for the names. Code
// that was inlined has no entry to probe: where a function has both, some of
// its calls are not seen.
func (f *File) Inlined(names ...string) ([]string, error) {
	t, err := f.pclntab()
	if err != nil {
		return nil, err
	}
	d, err := f.moduleData()
	if err != nil {
		return nil, err
	}
	wanted, err := t.findNames(f.image, names)
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	w := &inlineWalk{m: f.image, t: t, gofunc: d.gofunc, step: 1, steps: maxInlineSteps, wanted: wanted}
	if f.image.arch == ARM64 {
		w.step = 4
	}
	if err := t.each(f.image, w.function); err != nil {
		return nil, fmt.Errorf("reading the inline trees: %w", err)
	}
	slices.Sort(w.found)
	return w.found, nil
}

// inlineWalk collects wanted names from the inline trees of functions.
type inlineWalk struct {
	m      *image
	t      *pclntab
	gofunc uint64
	step   uint32 // size of an instruction
	steps  int    // table entries that may still be read
	wanted map[uint32]nameMatch
	found  []string

	record [44 + 4*(maxPcdata+maxFuncdata)]byte // of the function that is visited
	name   [4]byte
}

// function visits one function. A node of its tree has instructions, and so
// counts, if it occurs in the table that maps them to nodes.
func (w *inlineWalk) function(r *functionRecord) error {
	table, tree, err := w.tables(r)
	if err != nil || table == 0 || tree == noFuncdata {
		return err
	}
	// runtime.inlinedCall, whose form changed together with the magic.
	nodeSize, nameAt := uint64(20), uint64(12)
	if w.t.since120 {
		nodeSize, nameAt = 16, 4
	}
	seen := int32(-1) // nodes up to here were looked at
	return w.values(w.t.pctab+uint64(table), r.end-r.entry, func(node int32) error {
		for ; seen < node; seen++ {
			if err := w.count(); err != nil {
				return err
			}
			if err := w.m.read(w.gofunc+uint64(tree)+uint64(seen+1)*nodeSize+nameAt, w.name[:]); err != nil {
				return err
			}
			match, ok := w.wanted[binary.LittleEndian.Uint32(w.name[:])]
			if ok && !slices.Contains(w.found, match.asked) {
				w.found = append(w.found, match.asked)
			}
		}
		return nil
	})
}

// tables returns the offset in pctab of the table that maps the function's
// instructions to nodes of its inline tree, 0 if there is none, and the offset
// from gofunc of the tree, noFuncdata if there is none.
func (w *inlineWalk) tables(r *functionRecord) (table, tree uint32, err error) {
	// npcdata is the eighth word. nfuncdata is the last byte before the
	// offsets of the pcdata, which the offsets of the funcdata follow.
	size := uint64(40)
	if w.t.since120 {
		size = 44
	}
	head := w.record[:size]
	if err := w.m.read(r.addr, head); err != nil {
		return 0, 0, err
	}
	pcdata := uint64(binary.LittleEndian.Uint32(head[28:]))
	funcdata := uint64(head[size-1])
	if pcdata <= pcdataInlTreeIndex || funcdata <= funcdataInlTree {
		return 0, noFuncdata, nil
	}
	if pcdata > maxPcdata || funcdata > maxFuncdata {
		return 0, 0, fmt.Errorf("function at offset %#x has %d pcdata and %d funcdata", r.entry, pcdata, funcdata)
	}
	offsets := w.record[:4*(pcdata+funcdataInlTree+1)]
	if err := w.m.read(r.addr+size, offsets); err != nil {
		return 0, 0, err
	}
	return binary.LittleEndian.Uint32(offsets[4*pcdataInlTreeIndex:]),
		binary.LittleEndian.Uint32(offsets[4*(pcdata+funcdataInlTree):]), nil
}

// values calls visit for the values of a table by program counter, which has
// pairs of a zig-zag difference of values and a difference of instructions; see
// runtime.step.
func (w *inlineWalk) values(addr uint64, size uint32, visit func(int32) error) error {
	in := varints{m: w.m, addr: addr}
	value, pc := int32(-1), uint64(0)
	for first := true; pc < uint64(size); first = false {
		if err := w.count(); err != nil {
			return err
		}
		difference := in.next()
		if difference == 0 && !first {
			return in.err
		}
		value += int32(difference>>1) ^ -int32(difference&1)
		pc += uint64(in.next()) * uint64(w.step)
		if in.err != nil {
			return in.err
		}
		if err := visit(value); err != nil {
			return err
		}
	}
	return nil
}

// count fails when there is no end to it.
func (w *inlineWalk) count() error {
	if w.steps--; w.steps < 0 {
		return fmt.Errorf("more than %d entries", maxInlineSteps)
	}
	return nil
}

// varints reads variable-length integers of 32 bits one after the other, and
// keeps the first error.
type varints struct {
	m    *image
	addr uint64
	err  error
	b    [1]byte
}

func (v *varints) next() uint32 {
	var value uint32
	for shift := 0; v.err == nil && shift < 35; shift += 7 {
		v.err = v.m.read(v.addr, v.b[:])
		v.addr++
		value |= uint32(v.b[0]&0x7f) << shift
		if v.b[0]&0x80 == 0 {
			return value
		}
	}
	if v.err == nil {
		v.err = errors.New("an integer does not end")
	}
	return 0
}
