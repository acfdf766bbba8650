// SPDX-License-Identifier: Apache-2.0

package gobinary

import "slices"

// Register is one of the registers that Go's ABIInternal passes integer and
// pointer arguments and results in, by its number.
type Register uint8

// The registers that the first results of a function are in, on amd64 and arm64.
const (
	Register0 Register = iota // AX, R0
	Register1                 // BX, R1
	Register2                 // CX, R2
	Register3                 // DI, R3
)

// Branch is a conditional jump that tests a result of a call against zero, with
// the results still in Register0, Register1 and Register2, and in Register3 if it is that one.
type Branch struct {
	Site
	// Zero and NonZero are the addresses where execution goes on with the
	// register zero and not zero.
	Zero, NonZero uint64
}

const (
	// maxBranchDistance bounds the instructions between a call and the test
	// of its results.
	maxBranchDistance = 32
	// maxJoins bounds the jumps that meet on that path.
	maxJoins = 16
)

// BranchAfter returns the first conditional jump behind a call, if it tests
// that result register against zero, and the instructions in between leave it and
// the first three of those alone. It follows jumps. All other ways to the jump,
// too, come directly from calls, so that a probe there sees results of calls
// and nothing else.
func (c *Code) BranchAfter(call Site, register Register) (Branch, bool) {
	return c.branchAfter(call, register, effectTest)
}

// BoolBranchAfter is BranchAfter for a call whose first result is a bool: Zero is
// where execution goes on with false.
func (c *Code) BoolBranchAfter(call Site) (Branch, bool) {
	return c.branchAfter(call, Register0, effectTestBool)
}

// ComparisonAfter returns the first conditional jump behind a call, if it tests whether anything is equal,
// such as a result to a variable, and on the conditions of BranchAfter otherwise. Zero is where execution goes on
// if it is equal.
func (c *Code) ComparisonAfter(call Site, register Register) (Branch, bool) {
	return c.branchAfter(call, register, effectFlags)
}

// JumpAfter returns the first conditional jump behind a call, whatever it tests, on the conditions of BranchAfter otherwise.
func (c *Code) JumpAfter(call Site, register Register) (Site, bool) {
	i, _, _, ok := c.jumpAfter(call, register)
	if !ok {
		return Site{}, false
	}
	return c.site(i, SiteBranch), true
}

func (c *Code) branchAfter(call Site, register Register, wanted effect) (Branch, bool) {
	i, flags, tested, ok := c.jumpAfter(call, register)
	if !ok {
		return Branch{}, false
	}
	switch i.test {
	case testRegisterZero, testRegisterNotZero:
		flags, tested = effectTest, i.register
	case testBoolFalse, testBoolTrue:
		flags, tested = effectTestBool, i.register
	}
	b := Branch{Site: c.site(i, SiteBranch)}
	switch i.test {
	case testEqual, testRegisterZero, testBoolFalse:
		b.Zero, b.NonZero = i.target, i.end()
	case testNotEqual, testRegisterNotZero, testBoolTrue:
		b.Zero, b.NonZero = i.end(), i.target
	default:
		return Branch{}, false
	}
	return b, flags == wanted && (wanted == effectFlags || tested == register)
}

// jumpAfter returns the first conditional jump behind a call, if results are
// untouched there, and what the flags say then.
func (c *Code) jumpAfter(call Site, register Register) (i *instruction, flags effect, tested Register, ok bool) {
	n, ok := c.at(call.Address)
	if !ok || !c.instructions[n].isCall() {
		return nil, 0, 0, false
	}
	n++
	for range maxBranchDistance {
		if n >= len(c.instructions) || !c.joinsCalls(n, register) {
			return nil, 0, 0, false
		}
		i := &c.instructions[n]
		if i.spoils(register) {
			return nil, 0, 0, false
		}
		switch i.flow {
		case flowNext:
			switch i.effect {
			case effectNone:
			case effectFlags, effectTest, effectTestBool:
				flags, tested = i.effect, i.register
			default:
				return nil, 0, 0, false
			}
			n++
		case flowJump:
			if n, ok = c.at(i.target); !ok || c.fallsInto(n) && !c.followsCall(n, register) {
				return nil, 0, 0, false
			}
		case flowBranch:
			return i, flags, tested, true
		default:
			return nil, 0, 0, false
		}
	}
	return nil, 0, 0, false
}

// BranchBefore returns the last conditional jump before a call, if what the call is given in Register3
// is in Register0 there already and stays in it until it is copied, and if every way to the call
// goes through that jump. Functions that leave all registers as they are may be called in between. On arm64
// there is none: the kernel simulates the calls themselves.
func (c *Code) BranchBefore(call Site, harmless ...Function) (Site, bool) {
	end, ok := c.at(call.Address)
	if !ok || !c.instructions[end].isCall() {
		return Site{}, false
	}
	copied := false
	for n := end - 1; n >= 0 && end-n <= maxBranchDistance; n-- {
		i := &c.instructions[n]
		switch i.flow {
		case flowNext:
			if !copied && i.writes3 && !i.copies0 || copied && i.writes0 {
				return Site{}, false
			}
			copied = copied || i.copies0
		case flowCall:
			if !copied || !slices.ContainsFunc(harmless, func(f Function) bool { return f.Entry == i.target }) {
				return Site{}, false
			}
		case flowBranch:
			return c.site(i, SiteBranch), copied && c.joinsOnly(n, end)
		default:
			return Site{}, false
		}
	}
	return Site{}, false
}

// joinsOnly tells whether the instructions behind the n-th, up to the end-th, are jumped to by that one only.
func (c *Code) joinsOnly(n, end int) bool {
	for m := n + 1; m <= end; m++ {
		for _, j := range c.jumpsTo(c.instructions[m].addr) {
			if j.source != n {
				return false
			}
		}
	}
	return true
}

// joinsCalls tells whether all jumps to the n-th instruction come directly from
// calls.
func (c *Code) joinsCalls(n int, register Register) bool {
	joins := c.jumpsTo(c.instructions[n].addr)
	if len(joins) > maxJoins {
		return false
	}
	for _, j := range joins {
		if c.instructions[j.source].flow != flowJump || len(c.jumpsTo(c.instructions[j.source].addr)) > 0 ||
			!c.followsCall(j.source, register) {
			return false
		}
	}
	return true
}

// followsCall tells whether a call stands before the n-th instruction, with
// nothing in between that touches its results, and that no jump leads to.
func (c *Code) followsCall(n int, register Register) bool {
	for range maxBranchDistance {
		if n--; n < 0 {
			return false
		}
		i := &c.instructions[n]
		if i.isCall() {
			return true
		}
		if i.flow != flowNext || i.effect == effectUnknown || i.spoils(register) || len(c.jumpsTo(i.addr)) > 0 {
			return false
		}
	}
	return false
}

// fallsInto tells whether the n-th instruction is executed after the one that
// stands before it.
func (c *Code) fallsInto(n int) bool {
	if n == 0 {
		return false
	}
	switch c.instructions[n-1].flow {
	case flowJump, flowIndirectJump, flowReturn, flowStop:
		return false
	}
	return true
}
