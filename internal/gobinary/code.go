// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// maxFunctionSize bounds what Code decodes. The largest function of the
// standard library has less than 100 KB.
const maxFunctionSize = 1 << 20

// maxSites bounds the calls, and the returns, of a function. The functions that
// probes sit in have less than a hundred.
const maxSites = 16 << 10

// Code is the decoded instructions of one function. It is not safe for
// concurrent use.
type Code struct {
	function     Function
	offset       uint64        // of the entry in the file
	instructions []instruction // by address
	jumps        []jump        // by target

	reached     []bool // what Reaches found last, by instruction
	reachedFrom uint64
}

// jump is a direct jump, conditional or not, within or out of a function.
type jump struct {
	target uint64
	source int // index in instructions
}

// instruction is what is asked of one machine instruction.
type instruction struct {
	addr   uint64
	target uint64 // of a direct call or jump
	size   uint8
	flow   flow
	// framePush: it saves the caller's frame pointer, as the first
	// instruction of a frame. amd64 only.
	framePush bool
	effect    effect
	test      test // of a conditional jump
	// writes3: it may write Register3, which effect says nothing about.
	writes3 bool
	// writes0: it may write Register0. copies0: it copies that to Register3. amd64 only.
	writes0, copies0 bool
	// register is what effectTest and effectTestBool, or a conditional jump that
	// looks at no flags, compare with zero.
	register Register
}

func (i *instruction) end() uint64 { return i.addr + uint64(i.size) }

func (i *instruction) isCall() bool { return i.flow == flowCall || i.flow == flowIndirectCall }

// spoils tells whether the instruction, whose effect is known, may write a result register.
func (i *instruction) spoils(register Register) bool { return register == Register3 && i.writes3 }

// flow tells where execution goes on after an instruction.
type flow uint8

const (
	flowNext         flow = iota // with the next one
	flowCall                     // at target, and then with the next one
	flowIndirectCall             // somewhere, and then with the next one
	flowJump                     // at target
	flowIndirectJump             // somewhere, maybe outside
	flowBranch                   // at target or with the next one
	flowReturn                   // at the caller
	flowStop                     // nowhere: it traps
)

// effect tells what an instruction does to the registers that a call leaves its
// results in, and to the flags.
type effect uint8

const (
	effectUnknown  effect = iota // it may write result registers
	effectNone                   // it writes neither
	effectFlags                  // it writes the flags only
	effectTest                   // it writes the flags by comparing a result register with zero
	effectTestBool               // it writes the flags by comparing the lowest byte of one with zero
)

// test tells when a conditional jump is taken.
type test uint8

const (
	testOther           test = iota
	testEqual                // flags say equal, which is zero after effectTest
	testNotEqual             // flags say not equal
	testBelowOrSame          // flags say unsigned lower or same: JBE, B.LS
	testRegisterZero         // the register is zero: CBZ
	testRegisterNotZero      // the register is not zero: CBNZ
	testBoolFalse            // the lowest bit of the register is clear: TBZ
	testBoolTrue             // the lowest bit of the register is set: TBNZ
)

// Code decodes a function. It is an error if an instruction of amd64 is unknown,
// so that it does not tell where the next one starts, if there is more than 1
// MiB of them, or if many thousands call or return.
func (f *File) Code(fn Function) (*Code, error) {
	if fn.End <= fn.Entry || fn.End-fn.Entry > maxFunctionSize {
		return nil, fmt.Errorf("function %s at [%#x, %#x) is empty or larger than %d bytes",
			fn.Name, fn.Entry, fn.End, maxFunctionSize)
	}
	if !inText(f.image, fn.Entry, fn.End) {
		return nil, fmt.Errorf("function %s at [%#x, %#x) is not in the text of the file", fn.Name, fn.Entry, fn.End)
	}
	text := make([]byte, fn.End-fn.Entry)
	if err := f.image.read(fn.Entry, text); err != nil {
		return nil, fmt.Errorf("function %s: %w", fn.Name, err)
	}
	offset, _ := f.image.fileOffset(fn.Entry)
	return decode(f.image.arch, fn, text, offset)
}

// decode splits the text of a function into instructions.
func decode(arch Arch, fn Function, text []byte, offset uint64) (*Code, error) {
	c := &Code{function: fn, offset: offset}
	var err error
	switch arch {
	case AMD64:
		c.instructions, err = decodeAMD64(text, fn.Entry)
	case ARM64:
		c.instructions = decodeARM64(text, fn.Entry)
	default:
		err = errors.New("unknown instruction set")
	}
	if err != nil {
		return nil, fmt.Errorf("function %s: %w", fn.Name, err)
	}
	calls, returns := 0, 0
	for n := range c.instructions {
		switch i := &c.instructions[n]; i.flow {
		case flowCall, flowIndirectCall:
			calls++
		case flowReturn:
			returns++
		case flowJump, flowBranch:
			c.jumps = append(c.jumps, jump{i.target, n})
		}
	}
	if calls > maxSites || returns > maxSites {
		return nil, fmt.Errorf("function %s has %d calls and %d returns, more than %d", fn.Name, calls, returns, maxSites)
	}
	slices.SortFunc(c.jumps, func(a, b jump) int { return cmp.Compare(a.target, b.target) })
	return c, nil
}

// at returns the index of the instruction that starts at an address.
func (c *Code) at(addr uint64) (int, bool) {
	return slices.BinarySearchFunc(c.instructions, addr, func(i instruction, addr uint64) int {
		return cmp.Compare(i.addr, addr)
	})
}

// jumpsTo returns the direct jumps of the function to an address.
func (c *Code) jumpsTo(addr uint64) []jump {
	byTarget := func(j jump, addr uint64) int { return cmp.Compare(j.target, addr) }
	start, found := slices.BinarySearchFunc(c.jumps, addr, byTarget)
	if !found {
		return nil
	}
	end, _ := slices.BinarySearchFunc(c.jumps, addr+1, byTarget)
	return c.jumps[start:end]
}
