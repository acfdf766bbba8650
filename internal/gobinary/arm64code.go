// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"encoding/binary"

	"golang.org/x/arch/arm64/arm64asm"
)

// decodeARM64 takes what arm64asm does not know for an instruction with unknown
// effect: all instructions that jump are known, and all have four bytes.
func decodeARM64(text []byte, addr uint64) []instruction {
	instructions := make([]instruction, 0, len(text)/4)
	literals := literalsARM64(text)
	for at := 0; at+4 <= len(text); at += 4 {
		i := instruction{addr: addr + uint64(at), size: 4}
		if inst, err := arm64asm.Decode(text[at:]); err == nil && !literals[at] {
			i.setFlowARM64(&inst)
			if i.flow == flowNext {
				i.effect = effectARM64(&inst)
				i.writes3 = writesARM64(&inst, arm64asm.W3, arm64asm.X3)
			}
		}
		instructions = append(instructions, i)
	}
	return instructions
}

// literalsARM64 finds constants among the instructions: the assembler puts
// those that no instruction can hold behind a function's code. They are told by
// the loads that address them, relative to the program counter.
func literalsARM64(text []byte) map[int]bool {
	var literals map[int]bool
	for at := 0; at+4 <= len(text); at += 4 {
		word := binary.LittleEndian.Uint32(text[at:])
		// LDR (literal): opc 011 V 00 imm19 Rt. See the Arm Architecture
		// Reference Manual, C4.1, "Load register (literal)".
		if word&0x3b000000 != 0x18000000 {
			continue
		}
		size := 4
		switch opc, vector := word>>30, word>>26&1 == 1; {
		case opc == 3: // prefetch, or unallocated
			continue
		case opc == 2 && vector:
			size = 16
		case opc == 1:
			size = 8
		}
		// The sign of the 19-bit offset, in words, is that of the shifted word.
		start := at + int(int32(word<<8)>>13)*4
		if literals == nil {
			literals = make(map[int]bool)
		}
		for n := 0; n < size; n += 4 {
			literals[start+n] = true
		}
	}
	return literals
}

func (i *instruction) setFlowARM64(inst *arm64asm.Inst) {
	var relative arm64asm.PCRel
	conditional := false
	for _, arg := range inst.Args {
		switch arg := arg.(type) {
		case arm64asm.PCRel:
			relative = arg
		case arm64asm.Cond:
			conditional = true
		}
	}
	target := i.addr + uint64(int64(relative))
	switch inst.Op {
	case arm64asm.BL:
		i.flow, i.target = flowCall, target
	case arm64asm.BLR:
		i.flow = flowIndirectCall
	case arm64asm.BR:
		i.flow = flowIndirectJump
	case arm64asm.RET:
		i.flow = flowReturn
	case arm64asm.BRK, arm64asm.HLT:
		i.flow = flowStop
	case arm64asm.B:
		i.flow, i.target = flowJump, target
		if conditional {
			i.flow = flowBranch
			i.test = testOfConditionARM64(inst.Enc & 0xf)
		}
	case arm64asm.TBZ, arm64asm.TBNZ:
		i.flow, i.target = flowBranch, target
		if n, ok := resultBoolARM64(inst.Enc); ok {
			i.register = n
			i.test = testBoolFalse
			if inst.Op == arm64asm.TBNZ {
				i.test = testBoolTrue
			}
		}
	case arm64asm.CBZ, arm64asm.CBNZ:
		i.flow, i.target = flowBranch, target
		if n, ok := result64ARM64(inst.Args[0]); ok {
			i.register = n
			i.test = testRegisterZero
			if inst.Op == arm64asm.CBNZ {
				i.test = testRegisterNotZero
			}
		}
	}
}

// testOfConditionARM64 decodes the condition field of B.cond: Arm Architecture
// Reference Manual, C1.2.4, "Condition code".
func testOfConditionARM64(condition uint32) test {
	switch condition {
	case 0b0000: // EQ
		return testEqual
	case 0b0001: // NE
		return testNotEqual
	case 0b1001: // LS
		return testBelowOrSame
	}
	return testOther
}

// effectARM64 knows what stands between a call and the test of its results.
func effectARM64(inst *arm64asm.Inst) effect {
	switch inst.Op {
	case arm64asm.NOP:
		return effectNone
	case arm64asm.STR, arm64asm.STRB, arm64asm.STRH, arm64asm.STP, arm64asm.STUR, arm64asm.STURB, arm64asm.STURH:
		if !updatesResultARM64(inst) {
			return effectNone
		}
	case arm64asm.LDP:
		if !isResultARM64(inst.Args[0]) && !isResultARM64(inst.Args[1]) && !updatesResultARM64(inst) {
			return effectNone
		}
	case arm64asm.MOV, arm64asm.MOVZ, arm64asm.MOVN, arm64asm.MOVK, arm64asm.ADD, arm64asm.SUB,
		arm64asm.AND, arm64asm.ORR, arm64asm.EOR, arm64asm.ADR, arm64asm.ADRP,
		arm64asm.LDR, arm64asm.LDRB, arm64asm.LDRH, arm64asm.LDRSB, arm64asm.LDRSH, arm64asm.LDRSW, arm64asm.LDUR:
		if !isResultARM64(inst.Args[0]) && !updatesResultARM64(inst) {
			return effectNone
		}
	case arm64asm.CMP, arm64asm.CMN, arm64asm.TST:
		// The compiler tests for zero by CBZ and CBNZ, which need no flags.
		return effectFlags
	}
	return effectUnknown
}

// writesARM64 tells whether an instruction that is neither a jump nor a call may write a
// register, which has a name for its lower half, too.
func writesARM64(inst *arm64asm.Inst, half, whole arm64asm.Reg) bool {
	is := func(arg arm64asm.Arg) bool {
		return arg == half || arg == whole || arg == arm64asm.RegSP(half) || arg == arm64asm.RegSP(whole)
	}
	for _, arg := range inst.Args {
		if memory, ok := arg.(arm64asm.MemImmediate); ok && memory.Mode != arm64asm.AddrOffset && is(memory.Base) {
			return true
		}
	}
	switch inst.Op {
	case arm64asm.STR, arm64asm.STRB, arm64asm.STRH, arm64asm.STP, arm64asm.STUR, arm64asm.STURB, arm64asm.STURH,
		arm64asm.CMP, arm64asm.CMN, arm64asm.TST:
		return false
	case arm64asm.LDP:
		return is(inst.Args[0]) || is(inst.Args[1])
	}
	return is(inst.Args[0])
}

// updatesResultARM64 tells whether a load or store writes its base, and that is
// a result register.
func updatesResultARM64(inst *arm64asm.Inst) bool {
	for _, arg := range inst.Args {
		if memory, ok := arg.(arm64asm.MemImmediate); ok && memory.Mode != arm64asm.AddrOffset {
			return isResultARM64(memory.Base)
		}
	}
	return false
}

// isResultARM64 tells whether an operand is a result register, or half of one.
func isResultARM64(arg arm64asm.Arg) bool {
	switch arg := arg.(type) {
	case arm64asm.Reg:
		return arg <= arm64asm.W2 || arg >= arm64asm.X0 && arg <= arm64asm.X2
	case arm64asm.RegSP:
		return isResultARM64(arm64asm.Reg(arg))
	}
	return false
}

// result64ARM64 tells which result register an operand is, all 64 bits of it.
func result64ARM64(arg arm64asm.Arg) (Register, bool) {
	switch arg := arg.(type) {
	case arm64asm.Reg:
		if arg >= arm64asm.X0 && arg <= arm64asm.X3 {
			return Register(arg - arm64asm.X0), true
		}
	case arm64asm.RegSP:
		return result64ARM64(arm64asm.Reg(arg))
	}
	return 0, false
}

// resultBoolARM64 tells which result register a TBZ or TBNZ looks at, if it does so at the
// lowest bit: Arm Architecture Reference Manual, C4.1, "Test and branch (immediate)".
func resultBoolARM64(word uint32) (Register, bool) {
	bit, register := word>>31<<5|word>>19&0x1f, Register(word&0x1f)
	return register, bit == 0 && register <= Register2
}
