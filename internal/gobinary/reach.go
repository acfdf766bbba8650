// SPDX-License-Identifier: Apache-2.0

package gobinary

// Reaches tells whether execution can get from the instruction at an address to
// another one without jumping backwards. It tells the returns of a function's
// success from those of its errors. Where execution goes on after a jump
// through a table is not known, so that anything behind counts as reached, as
// it does behind a call that does not return.
func (c *Code) Reaches(from uint64, ret Site) bool {
	start, ok := c.at(from)
	end, known := c.at(ret.Address)
	if !ok || !known || start > end {
		return false
	}
	reached := make([]bool, end-start+1)
	reached[0] = true
	for n := start; n < end; n++ {
		if !reached[n-start] {
			continue
		}
		i := &c.instructions[n]
		switch i.flow {
		case flowIndirectJump:
			return true
		case flowJump, flowBranch:
			if target, ok := c.at(i.target); ok && target > n && target <= end {
				reached[target-start] = true
			}
		}
		switch i.flow {
		case flowNext, flowCall, flowIndirectCall, flowBranch:
			reached[n+1-start] = true
		}
	}
	return reached[end-start]
}
