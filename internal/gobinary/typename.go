// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Names of instances of generic types get long, with an import path for every
// argument.
const maxTypeName = 4096

// TypeNames names the types of an executable by their addresses. It has nothing
// of the file but where its types are.
type TypeNames struct {
	types, etypes uint64 // link-time addresses
	offset        uint64 // of types in the file
}

// TypeNames returns what it takes to name the executable's types.
func (f *File) TypeNames() (*TypeNames, error) {
	data, err := f.moduleData()
	if err != nil {
		return nil, err
	}
	offset, ok := f.image.fileOffset(data.types)
	if !ok {
		return nil, fmt.Errorf("types at address %#x are not in the file", data.types)
	}
	return &TypeNames{types: data.types, etypes: data.etypes, offset: offset}, nil
}

// Name returns the type whose descriptor has a link-time address as
// reflect.Type.String writes it, such as "*net.OpError". The reader has the same
// file that the names were made from. It is an error if there can be no
// descriptor at that address, or if the name has more than 4096 bytes.
func (n *TypeNames) Name(r io.ReaderAt, addr uint64) (string, error) {
	if addr%8 != 0 || addr <= n.types || addr >= n.etypes || n.etypes-addr < rtypeSize {
		return "", fmt.Errorf("no type at address %#x: types are from %#x to %#x", addr, n.types, n.etypes)
	}
	var head [rtypeSize]byte
	if err := n.read(r, addr, head[:]); err != nil {
		return "", fmt.Errorf("type at address %#x: %w", addr, err)
	}
	if k := kind(head[rtypeKind] & kindMask); k == 0 || k > kindUnsafePointer {
		return "", fmt.Errorf("no type at address %#x: its kind would be %d", addr, k)
	}
	str := uint64(binary.LittleEndian.Uint32(head[rtypeStr:]))
	if str >= n.etypes-n.types {
		return "", fmt.Errorf("type at address %#x: name at %#x is outside the types", addr, str)
	}
	name, err := n.name(r, n.types+str)
	if err != nil {
		return "", fmt.Errorf("type at address %#x: %w", addr, err)
	}
	if name != "" && head[rtypeTFlag]&tflagExtraStar != 0 {
		name = name[1:]
	}
	return name, nil
}

// name reads an abi.Name.
func (n *TypeNames) name(r io.ReaderAt, addr uint64) (string, error) {
	prefix := make([]byte, min(1+maxVarintSize, n.etypes-addr))
	if err := n.read(r, addr, prefix); err != nil {
		return "", err
	}
	length, size := binary.Uvarint(prefix[1:])
	addr += 1 + uint64(size)
	if size <= 0 || length > maxTypeName || length > n.etypes-addr {
		return "", fmt.Errorf("name at address %#x has %d bytes", addr, length)
	}
	name := make([]byte, length)
	if err := n.read(r, addr, name); err != nil {
		return "", err
	}
	return string(name), nil
}

// read fills buf with the bytes at an address between types and etypes.
func (n *TypeNames) read(r io.ReaderAt, addr uint64, buf []byte) error {
	return readFull(r, n.offset+addr-n.types, buf)
}
