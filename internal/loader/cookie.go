// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

const (
	addressBits   = 44
	stackCheckBit = 44
	variantShift  = 45
	binaryShift   = 48
)

// cookie is what a program learns about the site that was hit, see bpf/include/site.h.
func cookie(binary uint16, probe instrument.Probe) uint64 {
	c := uint64(binary)<<binaryShift | uint64(probe.Variant&7)<<variantShift | probe.Site.Address&(1<<addressBits-1)
	if probe.Site.Kind == gobinary.SiteStackCheck {
		c |= 1 << stackCheckBit
	}
	return c
}
