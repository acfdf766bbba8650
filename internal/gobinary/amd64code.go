// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"fmt"

	"golang.org/x/arch/x86/x86asm"
)

// decodeAMD64 needs to know where each instruction ends, as the next one starts
// there.
func decodeAMD64(text []byte, addr uint64) (instructions []instruction, err error) {
	// x86asm indexes out of range for some cut instructions. What isVector keeps
	// from it are all that are known.
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decoding the instruction at %#x: %v", addr, r)
		}
	}()
	instructions = make([]instruction, 0, len(text)/4)
	for len(text) > 0 {
		i := instruction{addr: addr}
		if isVector(text) {
			i.size = uint8(vectorLength(text))
		} else {
			inst, err := x86asm.Decode(text, 64)
			if err != nil {
				return nil, fmt.Errorf("decoding the instruction at %#x: %w", addr, err)
			}
			if inst.Op == 0 { // a prefix alone: what follows it is cut or invalid
				return nil, fmt.Errorf("decoding the instruction at %#x: %w", addr, x86asm.ErrUnrecognized)
			}
			i.size = uint8(inst.Len)
			i.setFlowAMD64(&inst)
			if i.flow == flowNext {
				i.effect, i.register = effectAMD64(&inst)
				i.writes3 = writes3AMD64(&inst)
				i.writes0 = i.effect == effectUnknown && writes0AMD64(&inst)
				i.copies0 = inst.Op == x86asm.MOV && inst.Args[0] == x86asm.RDI && inst.Args[1] == x86asm.RAX
				i.framePush = inst.Op == x86asm.PUSH && inst.Args[0] == x86asm.RBP
			}
		}
		if i.size == 0 || int(i.size) > len(text) {
			return nil, fmt.Errorf("decoding the instruction at %#x: it does not end", addr)
		}
		instructions = append(instructions, i)
		text = text[i.size:]
		addr += uint64(i.size)
	}
	return instructions, nil
}

func (i *instruction) setFlowAMD64(inst *x86asm.Inst) {
	relative, direct := inst.Args[0].(x86asm.Rel)
	i.target = i.end() + uint64(int64(relative))
	switch inst.Op {
	case x86asm.CALL:
		i.flow = flowIndirectCall
		if direct {
			i.flow = flowCall
		}
	case x86asm.JMP:
		i.flow = flowIndirectJump
		if direct {
			i.flow = flowJump
		}
	case x86asm.RET:
		i.flow = flowReturn
	case x86asm.UD0, x86asm.UD1, x86asm.UD2, x86asm.HLT, x86asm.INT:
		i.flow = flowStop
	case x86asm.LCALL, x86asm.LJMP, x86asm.LRET, x86asm.IRET, x86asm.IRETD, x86asm.IRETQ:
		i.flow = flowIndirectJump // no Go code has them
	case x86asm.JE:
		i.flow, i.test = flowBranch, testEqual
	case x86asm.JNE:
		i.flow, i.test = flowBranch, testNotEqual
	case x86asm.JBE:
		i.flow, i.test = flowBranch, testBelowOrSame
	default:
		// The other conditional jumps, and nothing else, have one operand,
		// which is relative.
		if direct {
			i.flow = flowBranch
		}
	}
	if !direct {
		i.target = 0
	}
}

// effectAMD64 knows what stands between a call and the test of its results.
func effectAMD64(inst *x86asm.Inst) (effect, Register) {
	destination, isRegister := inst.Args[0].(x86asm.Reg)
	result, isResult := resultAMD64(destination)
	writesResult := isRegister && isResult && result != Register3
	switch inst.Op {
	case x86asm.NOP:
		return effectNone, 0
	case x86asm.MOV, x86asm.MOVZX, x86asm.MOVSX, x86asm.MOVSXD, x86asm.LEA,
		x86asm.MOVUPS, x86asm.MOVAPS, x86asm.MOVUPD, x86asm.MOVAPD, x86asm.MOVDQU,
		x86asm.MOVSD_XMM, x86asm.MOVSS, x86asm.MOVQ, x86asm.MOVD:
		if !writesResult {
			return effectNone, 0
		}
	case x86asm.XOR, x86asm.OR, x86asm.AND, x86asm.ADD, x86asm.SUB, x86asm.INC, x86asm.DEC:
		if !writesResult {
			return effectFlags, 0
		}
	case x86asm.TEST:
		if n, ok := result64AMD64(inst.Args[0]); ok && inst.Args[0] == inst.Args[1] {
			return effectTest, n
		}
		if n, ok := result8AMD64(inst.Args[0]); ok && inst.Args[0] == inst.Args[1] {
			return effectTestBool, n
		}
		return effectFlags, 0
	case x86asm.CMP:
		if n, ok := result64AMD64(inst.Args[0]); ok && inst.Args[1] == x86asm.Imm(0) {
			return effectTest, n
		}
		return effectFlags, 0
	}
	return effectUnknown, 0
}

// resultAMD64 tells which result register a register is, or is a part of. The
// order is that of ABIInternal; see cmd/compile/abi-internal.md.
func resultAMD64(r x86asm.Reg) (Register, bool) {
	switch r {
	case x86asm.AL, x86asm.AH, x86asm.AX, x86asm.EAX, x86asm.RAX:
		return Register0, true
	case x86asm.BL, x86asm.BH, x86asm.BX, x86asm.EBX, x86asm.RBX:
		return Register1, true
	case x86asm.CL, x86asm.CH, x86asm.CX, x86asm.ECX, x86asm.RCX:
		return Register2, true
	case x86asm.DIB, x86asm.DI, x86asm.EDI, x86asm.RDI:
		return Register3, true
	}
	return 0, false
}

// writes3AMD64 tells whether an instruction that is neither a jump nor a call may write
// Register3.
func writes3AMD64(inst *x86asm.Inst) bool {
	destination, isRegister := inst.Args[0].(x86asm.Reg)
	result, isResult := resultAMD64(destination)
	return isRegister && isResult && result == Register3 && inst.Op != x86asm.TEST && inst.Op != x86asm.CMP
}

// writes0AMD64 tells whether an instruction that may write result registers may write Register0.
func writes0AMD64(inst *x86asm.Inst) bool {
	switch inst.Op {
	case x86asm.MOV, x86asm.MOVZX, x86asm.LEA, x86asm.XOR: // they write what they name first, and nothing else
		destination, isRegister := inst.Args[0].(x86asm.Reg)
		result, isResult := resultAMD64(destination)
		return isRegister && isResult && result == Register0
	}
	return true
}

// result64AMD64 tells which result register an operand is, all 64 bits of it.
func result64AMD64(arg x86asm.Arg) (Register, bool) {
	switch arg {
	case x86asm.RAX, x86asm.RBX, x86asm.RCX, x86asm.RDI:
		return resultAMD64(arg.(x86asm.Reg))
	}
	return 0, false
}

// result8AMD64 tells which result register an operand is the lowest byte of, where the
// results that are bools are.
func result8AMD64(arg x86asm.Arg) (Register, bool) {
	switch arg {
	case x86asm.AL, x86asm.BL, x86asm.CL:
		return resultAMD64(arg.(x86asm.Reg))
	}
	return 0, false
}
