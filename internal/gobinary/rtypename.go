// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxVarintSize is that of the length of a name, which is below 1<<29.
const maxVarintSize = 5

// maxName is more than all names have that somebody looks for. Of longer ones
// only the ends are read: the compiler names a struct type without a name, or
// an instance of a generic one, by all that it has.
const maxName = 1 << 10

// nameEnd returns at most maxName bytes of the end of an abi.Name: flags, a
// varint with the length, and the bytes. An offset of 0 is the empty name.
func (a *typeArea) nameEnd(offset uint64) (end []byte, length uint64) {
	if offset == 0 || offset >= a.size {
		return a.bytes(offset, 0), 0
	}
	offset++
	length, n := binary.Uvarint(a.bytes(offset, min(maxVarintSize, a.size-offset)))
	if n <= 0 {
		a.fail(fmt.Errorf("name at address %#x has no length", a.base+offset))
		return nil, 0
	}
	size := min(length, maxName)
	return a.bytes(offset+uint64(n)+length-size, size), length
}

// name returns an abi.Name, and nothing for one that is too long.
func (a *typeArea) name(offset uint64) []byte {
	name, length := a.nameEnd(offset)
	if length > maxName {
		return nil
	}
	return name
}

// shortName returns the name of a named type without its package, and nothing
// for an instance of a generic type.
func (a *typeArea) shortName(t rtype) []byte {
	s, _ := a.nameEnd(uint64(a.uint32(uint64(t) + rtypeStr)))
	if bytes.HasSuffix(s, []byte("]")) {
		return nil
	}
	// The name of a type without package, such as uint8, may be that of a
	// pointer to it, less the star.
	return s[bytes.LastIndexAny(s, ".*")+1:]
}

// packagePath returns the import path of the package that defines a named type.
func (a *typeArea) packagePath(t rtype) []byte {
	u, ok := a.uncommon(t)
	if !ok {
		return nil
	}
	return a.name(uint64(a.uint32(u)))
}

// is tells whether a type is the one that a package, not vendored, defines.
func (a *typeArea) is(t rtype, pkg, name string) bool {
	return a.named(t) && string(a.shortName(t)) == name && string(a.packagePath(t)) == pkg
}
