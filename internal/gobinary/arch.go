// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/elf"
	"fmt"
)

// Arch is the instruction set of a binary.
type Arch uint8

// The instruction sets that binaries are analysed for.
const (
	AMD64 Arch = iota + 1
	ARM64
)

// String returns the name that GOARCH has for the instruction set.
func (a Arch) String() string {
	switch a {
	case AMD64:
		return "amd64"
	case ARM64:
		return "arm64"
	}
	return fmt.Sprintf("Arch(%d)", uint8(a))
}

func archOf(machine elf.Machine) (Arch, error) {
	switch machine {
	case elf.EM_X86_64:
		return AMD64, nil
	case elf.EM_AARCH64:
		return ARM64, nil
	}
	return 0, fmt.Errorf("machine %v is neither amd64 nor arm64", machine)
}
