// SPDX-License-Identifier: Apache-2.0

package gobinary

// SiteKind tells what instruction a site has, and with it what a probe there
// costs and sees.
type SiteKind uint8

const (
	// SiteFrame is the PUSHQ BP behind the stack check: the arguments are in
	// their registers, and the stack pointer is that of the entry. amd64.
	SiteFrame SiteKind = iota
	// SiteStackCheck is the JBE or B.LS to runtime.morestack. It is hit also
	// when the jump is taken, and then once more: a probe must drop the hits
	// whose flags say lower or same (amd64: CF or ZF set; arm64: C clear or Z
	// set). Otherwise as SiteFrame.
	SiteStackCheck
	// SiteCall is a direct call: the arguments are in their registers.
	SiteCall
	// SiteIndirectCall is a call through a register or through memory. The kernel
	// single-steps it on amd64 (arch/x86/kernel/uprobes.c, branch_setup_xol_ops).
	SiteIndirectCall
	// SiteBranch is a conditional jump.
	SiteBranch
	// SiteReturn is a return.
	SiteReturn
	// SiteStepped is any other instruction, which the kernel must
	// single-step.
	SiteStepped
)

// String returns what the instruction is.
func (k SiteKind) String() string {
	switch k {
	case SiteFrame:
		return "frame"
	case SiteStackCheck:
		return "stack check"
	case SiteCall:
		return "call"
	case SiteIndirectCall:
		return "indirect call"
	case SiteBranch:
		return "branch"
	case SiteReturn:
		return "return"
	}
	return "stepped"
}

// Site is an instruction that a uprobe can sit on.
type Site struct {
	Address uint64 // link-time virtual address
	Offset  uint64 // in the file, in bytes: what a uprobe is attached by
	Kind    SiteKind
}

func (c *Code) site(i *instruction, kind SiteKind) Site {
	return Site{Address: i.addr, Offset: c.offset + i.addr - c.function.Entry, Kind: kind}
}

// Calls returns the direct calls of a function.
func (c *Code) Calls(target Function) []Site {
	return c.sites(SiteCall, func(i *instruction) bool {
		return i.flow == flowCall && i.target == target.Entry
	})
}

// IndirectCalls returns the calls through a register or through memory, as
// those of interface methods and of func values are.
func (c *Code) IndirectCalls() []Site {
	return c.sites(SiteIndirectCall, func(i *instruction) bool { return i.flow == flowIndirectCall })
}

// Returns returns all return instructions.
func (c *Code) Returns() []Site {
	return c.sites(SiteReturn, func(i *instruction) bool { return i.flow == flowReturn })
}

func (c *Code) sites(kind SiteKind, wanted func(*instruction) bool) []Site {
	var sites []Site
	for n := range c.instructions {
		if i := &c.instructions[n]; wanted(i) {
			sites = append(sites, c.site(i, kind))
		}
	}
	return sites
}
