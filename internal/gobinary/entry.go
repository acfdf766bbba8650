// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"fmt"
)

// maxPrologue bounds the instructions up to the last one of a stack check, and
// maxMorestack those that save and restore the arguments around the call of
// runtime.morestack: nine integer and fifteen float registers each way on
// amd64, sixteen and sixteen on arm64, and some more.
const (
	maxPrologue  = 16
	maxMorestack = 96
)

// Entry returns the best site to see the function's arguments at, by the code
// that cmd/internal/obj puts before a function (stacksplit in obj6.go of x86,
// obj7.go of arm64). It is an error if there is none: if the code before the
// frame is not understood, or if the site would also be hit within the call.
func (c *Code) Entry() (Site, error) {
	site, err := c.entry()
	if err != nil {
		return Site{}, fmt.Errorf("function %s has no entry site: %w", c.function.Name, err)
	}
	if len(c.jumpsTo(site.Address)) > 0 {
		return Site{}, fmt.Errorf("function %s has no entry site: it jumps to %#x", c.function.Name, site.Address)
	}
	return site, nil
}

func (c *Code) entry() (Site, error) {
	if len(c.instructions) == 0 {
		return Site{}, errors.New("no instructions")
	}
	check, checked := c.stackCheck()
	if !checked {
		first := &c.instructions[0]
		return c.site(first, entryKind(first)), nil
	}
	if check+1 < len(c.instructions) {
		if frame := &c.instructions[check+1]; frame.framePush {
			return c.site(frame, SiteFrame), nil
		}
	}
	if branch := &c.instructions[check]; branch.test == testBelowOrSame {
		return c.site(branch, SiteStackCheck), nil
	}
	return Site{}, errors.New("unknown form of stack check")
}

// entryKind is for the first instruction of a function that checks no stack.
func entryKind(i *instruction) SiteKind {
	switch {
	case i.framePush:
		return SiteFrame
	case i.flow == flowCall || i.flow == flowIndirectCall:
		return SiteCall
	case i.flow == flowBranch:
		return SiteBranch
	case i.flow == flowReturn:
		return SiteReturn
	}
	return SiteStepped
}

// stackCheck returns the index of the last jump to runtime.morestack in the
// prologue. Functions with large frames have two.
func (c *Code) stackCheck() (int, bool) {
	last, found := 0, false
	for n := range min(len(c.instructions), maxPrologue) {
		i := &c.instructions[n]
		if i.flow == flowNext {
			continue
		}
		if i.flow != flowBranch || !c.isMorestack(i.target) {
			break
		}
		last, found = n, true
	}
	return last, found
}

// isMorestack tells whether there is, at an address, a call and then a jump to
// the function's entry, with nothing but moves around the call.
func (c *Code) isMorestack(addr uint64) bool {
	start, ok := c.at(addr)
	if !ok {
		return false
	}
	called := false
	for n := start; n < len(c.instructions) && n-start < maxMorestack; n++ {
		switch i := &c.instructions[n]; i.flow {
		case flowNext:
		case flowCall:
			if called {
				return false
			}
			called = true
		case flowJump:
			return called && i.target == c.function.Entry
		default:
			return false
		}
	}
	return false
}
