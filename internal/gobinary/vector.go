// SPDX-License-Identifier: Apache-2.0

package gobinary

// isVector tells whether an instruction has a VEX or EVEX prefix, maybe behind
// others.
func isVector(text []byte) bool {
	for _, b := range text {
		switch {
		case b == 0xc4 || b == 0xc5 || b == 0x62:
			return true
		case b&0xf0 == 0x40: // REX
		case b == 0x26, b == 0x2e, b == 0x36, b == 0x3e, b >= 0x64 && b <= 0x67, b == 0xf0, b == 0xf2, b == 0xf3:
		default:
			return false
		}
	}
	return false
}

// vectorLength returns the length in bytes of an instruction that starts with a VEX
// or EVEX prefix, 0 for any other, as an older prefix before it makes it
// invalid. x86asm does not know all of them, and takes
// VZEROUPPER for longer than it is; GOAMD64=v3 puts some, SHLX and ANDN and
// their kin, into ordinary code. None of them jumps. See the Intel Software
// Developer's Manual, volume 2, sections 2.1.3, 2.3.5 and 2.7.
func vectorLength(text []byte) int {
	if len(text) < 4 {
		return 0
	}
	// The opcode follows the prefix; its map is in the prefix.
	var opcodeAt int
	var opcodeMap byte
	switch text[0] {
	case 0xc5:
		opcodeAt, opcodeMap = 2, 1
	case 0xc4:
		opcodeAt, opcodeMap = 3, text[1]&0x1f
	case 0x62:
		opcodeAt, opcodeMap = 4, text[1]&0x07
	default:
		return 0
	}
	if opcodeAt >= len(text) {
		return 0
	}
	opcode := text[opcodeAt]
	length := opcodeAt + 1
	if opcodeMap == 1 && opcode == 0x77 { // VZEROUPPER, VZEROALL
		return length
	}
	operand := operandLength(text[length:])
	if operand == 0 {
		return 0
	}
	length += operand
	switch {
	case opcodeMap == 3:
		length++
	case opcodeMap == 1 && (opcode >= 0x70 && opcode <= 0x73 || opcode == 0xc2 || opcode >= 0xc4 && opcode <= 0xc6):
		length++
	}
	return length
}

// operandLength returns the length of ModR/M, SIB and displacement, 0 if they do
// not fit.
func operandLength(text []byte) int {
	if len(text) == 0 {
		return 0
	}
	mode, register := text[0]>>6, text[0]&7
	if mode == 3 {
		return 1
	}
	length, base := 1, register
	if register == 4 {
		if len(text) < 2 {
			return 0
		}
		length, base = 2, text[1]&7
	}
	switch {
	case mode == 1:
		length++
	case mode == 2, base == 5: // without base, or relative to the program counter
		length += 4
	}
	return length
}
