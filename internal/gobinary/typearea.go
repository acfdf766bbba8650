// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The types area is read by chunks that stay: the walk of the types comes back
// to most of them. An executable of 100 MB has 5 to 10 MiB of descriptors and
// names; assets that //go:embed puts among them are not touched, hence not read.
const (
	typeChunkSize = 64 << 10
	maxTypesSize  = 1 << 31 // offsets in it are int32
	maxTypesRead  = 128 << 20
	minSteps      = 64 << 10 // for small areas
)

// errOutsideTypes says that a descriptor points out of the area of types.
var errOutsideTypes = errors.New("outside the types")

// typeArea is the memory between moduledata.types and moduledata.etypes, with
// relocations applied. It keeps the first error of its readers, which return
// zeros from then on.
type typeArea struct {
	image       *image
	format      typeFormat
	relocations []relocation
	base, size  uint64
	chunks      [][]byte
	read        int    // bytes
	steps       uint64 // how many more references, fields and methods may be looked at
	err         error
}

func newTypeArea(m *image, types, etypes uint64, format typeFormat) (*typeArea, error) {
	size := etypes - types
	if types%8 != 0 || types > etypes || size > maxTypesSize {
		return nil, fmt.Errorf("types from %#x to %#x are out of range", types, etypes)
	}
	relocations, err := m.relocations()
	if err != nil {
		return nil, fmt.Errorf("reading the relocations: %w", err)
	}
	return &typeArea{
		image:       m,
		format:      format,
		relocations: relocations,
		base:        types,
		size:        size,
		// A reference has four bytes and more, and is looked at a few times. An
		// area that many descriptors share was made to keep us busy.
		steps:  min(size, maxTypesRead) + minSteps,
		chunks: make([][]byte, (size+typeChunkSize-1)/typeChunkSize),
	}, nil
}

func (a *typeArea) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// step counts one thing that is looked at, and fails when it is too much.
func (a *typeArea) step() {
	if a.steps == 0 {
		a.fail(fmt.Errorf("more references among %d bytes of types than they can hold", a.size))
		return
	}
	a.steps--
}

// failure returns what made the readers stop, if anything did.
func (a *typeArea) failure() error {
	if a.err == nil {
		return nil
	}
	return fmt.Errorf("type descriptors: %w", a.err)
}

// uint8 to uint64 return the number at an offset, aligned to its size.

func (a *typeArea) uint8(offset uint64) uint8 {
	if b := a.piece(offset, 1); b != nil {
		return b[0]
	}
	return 0
}

func (a *typeArea) uint16(offset uint64) uint16 {
	if b := a.piece(offset, 2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (a *typeArea) uint32(offset uint64) uint32 {
	if b := a.piece(offset, 4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (a *typeArea) uint64(offset uint64) uint64 {
	if b := a.piece(offset, 8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// bytes returns n bytes, a chunk at most, at an offset. The caller must not
// change them.
func (a *typeArea) bytes(offset, n uint64) []byte {
	if offset%typeChunkSize+n <= typeChunkSize {
		return a.piece(offset, n)
	}
	first := typeChunkSize - offset%typeChunkSize
	return slices.Concat(a.piece(offset, first), a.piece(offset+first, n-first))
}

// piece returns n bytes that stand in one chunk.
func (a *typeArea) piece(offset, n uint64) []byte {
	if a.err != nil {
		return nil
	}
	if offset >= a.size || n > a.size-offset {
		a.fail(fmt.Errorf("%d bytes at address %#x: %w", n, a.base+offset, errOutsideTypes))
		return nil
	}
	chunk := a.chunks[offset/typeChunkSize]
	if chunk == nil {
		var err error
		if chunk, err = a.load(offset / typeChunkSize); err != nil {
			a.fail(err)
			return nil
		}
	}
	within := offset % typeChunkSize
	if within+n > uint64(len(chunk)) {
		a.fail(fmt.Errorf("%d bytes at address %#x are not aligned", n, a.base+offset))
		return nil
	}
	return chunk[within : within+n]
}

// load reads a chunk and does to it what the dynamic loader would do.
func (a *typeArea) load(number uint64) ([]byte, error) {
	start := a.base + number*typeChunkSize
	chunk := make([]byte, min(typeChunkSize, a.base+a.size-start))
	if a.read += len(chunk); a.read > maxTypesRead {
		return nil, fmt.Errorf("more than %d MiB of types", maxTypesRead>>20)
	}
	if err := a.image.read(start, chunk); err != nil {
		return nil, fmt.Errorf("reading the types: %w", err)
	}
	end := start + uint64(len(chunk))
	i, _ := slices.BinarySearchFunc(a.relocations, start, func(r relocation, place uint64) int {
		return cmp.Compare(uint64(r.place), place)
	})
	for _, r := range a.relocations[i:] {
		place := uint64(r.place)
		if place >= end || end-place < 8 {
			break
		}
		binary.LittleEndian.PutUint64(chunk[place-start:], uint64(r.value))
	}
	a.chunks[number] = chunk
	return chunk, nil
}
