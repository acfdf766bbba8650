// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// maxVarintSize is that of the length of a name, which is below 1<<29.
const maxVarintSize = 5

// name returns an abi.Name without its tag: flags, a varint with the length,
// and the bytes. An offset of 0 is the empty name.
func (a *typeArea) name(offset uint64) []byte {
	if offset == 0 || offset >= a.size {
		return a.bytes(offset, 0)
	}
	offset++
	length, n := binary.Uvarint(a.bytes(offset, min(maxVarintSize, a.size-offset)))
	if n <= 0 {
		a.fail(fmt.Errorf("name at address %#x has no length", a.base+offset))
		return nil
	}
	return a.bytes(offset+uint64(n), length)
}

// string returns the type as reflect.Type.String writes it: the last element of
// the package path, a dot, and the name, for a named type.
func (a *typeArea) string(t rtype) []byte {
	s := a.name(uint64(a.uint32(uint64(t) + rtypeStr)))
	if len(s) > 0 && a.tflag(t)&tflagExtraStar != 0 {
		return s[1:]
	}
	return s
}

// shortName returns the name of a named type without its package, and nothing
// for an instance of a generic type.
func (a *typeArea) shortName(t rtype) []byte {
	s := a.string(t)
	if bytes.HasSuffix(s, []byte("]")) {
		return nil
	}
	return s[bytes.LastIndexByte(s, '.')+1:]
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
