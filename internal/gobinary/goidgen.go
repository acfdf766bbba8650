// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"
	"fmt"

	"golang.org/x/arch/x86/x86asm"
)

// goidBatch is how many ids of goroutines a P takes at once: _GoidCacheBatch in runtime/proc.go.
const goidBatch = 16

// GoidGen returns the link-time address of runtime.sched.goidgen, the largest id of a goroutine that any P has taken.
// It is a global variable without a type descriptor of its own: what tells it is the code of runtime.newproc1, which
// adds goidBatch to it. It is an error if there is no such instruction, or more than one variable that it may be.
func (f *File) GoidGen() (uint64, error) {
	const name = "runtime.newproc1"
	functions, err := f.Functions(name)
	if err != nil {
		return 0, err
	}
	if len(functions[name]) != 1 {
		return 0, fmt.Errorf("%d functions %s in place of one", len(functions[name]), name)
	}
	code, err := f.Code(functions[name][0])
	if err != nil {
		return 0, err
	}
	text := make([]byte, code.function.End-code.function.Entry)
	if err := f.image.read(code.function.Entry, text); err != nil {
		return 0, fmt.Errorf("function %s: %w", name, err)
	}
	return code.addsBatch(f.image.arch, text)
}

// addsBatch returns the address of the variable that a function adds goidBatch to. text is its code.
func (c *Code) addsBatch(arch Arch, text []byte) (found uint64, err error) {
	batchAdded := c.batchAddedAMD64
	if arch == ARM64 {
		batchAdded = c.batchAddedARM64
	}
	for n := range c.instructions {
		address, ok := batchAdded(text, n)
		if ok && found != 0 && address != found {
			return 0, fmt.Errorf("function %s adds %d to more than one variable", c.function.Name, goidBatch)
		}
		if ok {
			found = address
		}
	}
	if found == 0 {
		return 0, fmt.Errorf("function %s adds %d to no variable", c.function.Name, goidBatch)
	}
	return found, nil
}

// batchAddedAMD64 tells whether the n-th instruction is the last of
//
//	MOVL $16, Rx; LEAQ variable(SB), Ry; LOCK XADDQ Rx, (Ry)
//
// and the address of the variable.
func (c *Code) batchAddedAMD64(text []byte, n int) (uint64, bool) {
	const lock = 0xf0
	if n < 2 || text[c.instructions[n].addr-c.function.Entry] != lock {
		return 0, false
	}
	var last [3]x86asm.Inst
	for i := range last {
		instruction := text[c.instructions[n-2+i].addr-c.function.Entry:]
		if isVector(instruction) {
			return 0, false
		}
		var err error
		if last[i], err = x86asm.Decode(instruction, 64); err != nil {
			return 0, false
		}
	}
	load, address, add := last[0], last[1], last[2]
	place, isMemory := add.Args[0].(x86asm.Mem)
	value, isRegister := add.Args[1].(x86asm.Reg)
	if add.Op != x86asm.XADD || !isMemory || !isRegister || value < x86asm.RAX || place.Index != 0 || place.Disp != 0 {
		return 0, false
	}
	if load.Op != x86asm.MOV || load.Args[0] != value-x86asm.RAX+x86asm.EAX || load.Args[1] != x86asm.Imm(goidBatch) {
		return 0, false
	}
	variable, isMemory := address.Args[1].(x86asm.Mem)
	if address.Op != x86asm.LEA || address.Args[0] != place.Base || !isMemory || variable.Base != x86asm.RIP {
		return 0, false
	}
	return c.instructions[n].addr + uint64(variable.Disp), true
}

// batchAddedARM64 is batchAddedAMD64 for
//
//	ORR $16, ZR, Rx; ADRP variable(PC), Ry; ADD $variable, Ry, Ry; LDAXR (Ry), Rz
//
// and for LDADDALD Rx, (Ry), Rz as the last one, which GOARM64=v8.1 and later have alone. See the Arm Architecture
// Reference Manual, C6.2, for the words.
func (c *Code) batchAddedARM64(text []byte, n int) (uint64, bool) {
	if n < 3 {
		return 0, false
	}
	var words [4]uint32
	for i := range words {
		words[i] = binary.LittleEndian.Uint32(text[4*(n-3+i):])
	}
	load, page, offset, add := words[0], words[1], words[2], words[3]
	value, place := load&0x1f, page&0x1f
	if load != 0xb27c03e0|value || page&0x9f000000 != 0x90000000 || offset&^(0xfff<<10) != 0x91000000|place<<5|place {
		return 0, false
	}
	if add&^0x1f != 0xc85ffc00|place<<5 && add&^0x1f != 0xf8e00000|value<<16|place<<5 {
		return 0, false
	}
	// 21 bits with a sign, in pages of 4 KiB: the two lowest stand apart.
	pages := int64(int32(page<<8)>>13)<<2 | int64(page>>29&3)
	from := c.instructions[n-2].addr &^ 0xfff
	return from + uint64(pages<<12) + uint64(offset>>10&0xfff), true
}
