// SPDX-License-Identifier: Apache-2.0

// Package dotted has a dot in the last element of its path.
package dotted

// Node is reachable from an interface value.
type Node struct {
	Kind  uint8
	Value string
}

// Leaf lives on stacks alone.
type Leaf struct {
	depth uint32
	value uint64
}

// Sum uses a Leaf.
//
//go:noinline
func Sum(depth int) uint64 {
	var leaf Leaf
	leaf.depth, leaf.value = uint32(depth), uint64(depth)
	if depth > 0 {
		leaf.value += Sum(depth - 1)
	}
	return leaf.value + uint64(leaf.depth)
}
