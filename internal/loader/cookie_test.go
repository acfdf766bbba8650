// SPDX-License-Identifier: Apache-2.0

package loader

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestCookie(t *testing.T) {
	const largestAddress = 1<<44 - 1
	for name, test := range map[string]struct {
		binary  uint16
		address uint64
		kind    gobinary.SiteKind
		variant uint8
		want    uint64
	}{
		"nothing":                {want: 0},
		"address":                {address: 0x64a5c3, want: 0x64a5c3},
		"largest address":        {address: largestAddress, want: largestAddress},
		"address that is larger": {address: 1<<63 | 1<<44 | 5, want: 5},
		"stack check":            {kind: gobinary.SiteStackCheck, want: 1 << 44},
		"no stack check":         {kind: gobinary.SiteStepped, want: 0},
		"variant":                {variant: 5, want: 5 << 45},
		"variant that is larger": {variant: 9, want: 1 << 45},
		"binary":                 {binary: 4095, want: 4095 << 48},
		"all": {
			binary: 0xffff, address: largestAddress, kind: gobinary.SiteStackCheck, variant: 7, want: 1<<64 - 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			probe := instrument.Probe{Site: gobinary.Site{Address: test.address, Offset: 1, Kind: test.kind}, Variant: test.variant}
			assert.Equal(t, test.want, cookie(test.binary, probe))
		})
	}
}

func TestCookieOfKernelSide(t *testing.T) {
	numbers := kerneltest.ReadSource(t, "include/site.h").Numbers
	assert.Equal(t, numbers["SITE_ADDRESS_BITS"], addressBits)
	assert.Equal(t, numbers["SITE_STACK_CHECK_BIT"], stackCheckBit)
	assert.Equal(t, numbers["SITE_VARIANT_SHIFT"], variantShift)
	assert.Equal(t, numbers["SITE_BINARY_SHIFT"], binaryShift)
}
