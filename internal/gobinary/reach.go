// SPDX-License-Identifier: Apache-2.0

package gobinary

// Reaches tells whether execution can get from the instruction at an address to
// another one without jumping backwards. It tells the returns of a function's
// success from those of its errors. Where execution goes on after a jump
// through a table is not known, so that anything behind it counts as reached,
// as does what stands behind a call that does not return.
func (c *Code) Reaches(from uint64, ret Site) bool {
	n, ok := c.at(ret.Address)
	if !ok {
		return false
	}
	// The question comes for all returns of a function, one after the other.
	if c.reached == nil || c.reachedFrom != from {
		c.reached, c.reachedFrom = c.reachable(from), from
	}
	return c.reached[n]
}

// reachable tells for each instruction whether it is reached from an address.
// As all ways lead forward, one sweep finds them.
func (c *Code) reachable(from uint64) []bool {
	reached := make([]bool, len(c.instructions)+1)
	start, ok := c.at(from)
	if !ok {
		return reached
	}
	reached[start] = true
	anything := false
	for n := start; n < len(c.instructions); n++ {
		reached[n] = reached[n] || anything
		if !reached[n] {
			continue
		}
		i := &c.instructions[n]
		switch i.flow {
		case flowNext, flowCall, flowIndirectCall:
			reached[n+1] = true
		case flowIndirectJump:
			anything = true
		case flowJump, flowBranch:
			if target, ok := c.at(i.target); ok && target > n {
				reached[target] = true
			}
			if i.flow == flowBranch {
				reached[n+1] = true
			}
		}
	}
	return reached
}
