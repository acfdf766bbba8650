// SPDX-License-Identifier: Apache-2.0

package gobinary

import "fmt"

// Forms of attributes, DWARF 5 section 7.5.6, with the GNU ones that may stand
// in the first entry of a unit of C.
const (
	dwarfFormAddr       = 0x01
	dwarfFormBlock2     = 0x03
	dwarfFormBlock4     = 0x04
	dwarfFormData2      = 0x05
	dwarfFormData4      = 0x06
	dwarfFormData8      = 0x07
	dwarfFormString     = 0x08
	dwarfFormBlock      = 0x09
	dwarfFormBlock1     = 0x0a
	dwarfFormData1      = 0x0b
	dwarfFormFlag       = 0x0c
	dwarfFormSdata      = 0x0d
	dwarfFormStrp       = 0x0e
	dwarfFormUdata      = 0x0f
	dwarfFormRefAddr    = 0x10
	dwarfFormRef1       = 0x11
	dwarfFormRef2       = 0x12
	dwarfFormRef4       = 0x13
	dwarfFormRef8       = 0x14
	dwarfFormRefUdata   = 0x15
	dwarfFormSecOffset  = 0x17
	dwarfFormExprloc    = 0x18
	dwarfFormPresent    = 0x19
	dwarfFormStrx       = 0x1a
	dwarfFormAddrx      = 0x1b
	dwarfFormRefSup4    = 0x1c
	dwarfFormStrpSup    = 0x1d
	dwarfFormData16     = 0x1e
	dwarfFormLineStrp   = 0x1f
	dwarfFormRefSig8    = 0x20
	dwarfFormImplicit   = 0x21
	dwarfFormLoclistx   = 0x22
	dwarfFormRnglistx   = 0x23
	dwarfFormRefSup8    = 0x24
	dwarfFormStrx1      = 0x25
	dwarfFormStrx2      = 0x26
	dwarfFormStrx3      = 0x27
	dwarfFormStrx4      = 0x28
	dwarfFormAddrx1     = 0x29
	dwarfFormAddrx2     = 0x2a
	dwarfFormAddrx3     = 0x2b
	dwarfFormAddrx4     = 0x2c
	dwarfFormGNURefAlt  = 0x1f20
	dwarfFormGNUStrpAlt = 0x1f21
)

// skipForm passes over a value, in 32-bit DWARF of a 64-bit machine. Version 2
// has references of another size; no Go compiler that is supported writes it.
func (d *dwarfReader) skipForm(form uint64) {
	switch form {
	case dwarfFormPresent, dwarfFormImplicit:
	case dwarfFormData1, dwarfFormFlag, dwarfFormRef1, dwarfFormStrx1, dwarfFormAddrx1:
		d.skip(1)
	case dwarfFormData2, dwarfFormRef2, dwarfFormStrx2, dwarfFormAddrx2:
		d.skip(2)
	case dwarfFormStrx3, dwarfFormAddrx3:
		d.skip(3)
	case dwarfFormData4, dwarfFormRef4, dwarfFormStrx4, dwarfFormAddrx4, dwarfFormRefAddr, dwarfFormStrp,
		dwarfFormLineStrp, dwarfFormSecOffset, dwarfFormRefSup4, dwarfFormStrpSup,
		dwarfFormGNURefAlt, dwarfFormGNUStrpAlt:
		d.skip(4)
	case dwarfFormAddr, dwarfFormData8, dwarfFormRef8, dwarfFormRefSig8, dwarfFormRefSup8:
		d.skip(8)
	case dwarfFormData16:
		d.skip(16)
	case dwarfFormSdata, dwarfFormUdata, dwarfFormRefUdata, dwarfFormStrx, dwarfFormAddrx,
		dwarfFormLoclistx, dwarfFormRnglistx:
		d.uvarint()
	case dwarfFormString:
		d.string()
	case dwarfFormBlock1:
		d.skip(d.fixed(1))
	case dwarfFormBlock2:
		d.skip(d.fixed(2))
	case dwarfFormBlock4:
		d.skip(d.fixed(4))
	case dwarfFormBlock, dwarfFormExprloc:
		d.skip(d.uvarint())
	default:
		if d.err == nil {
			d.err = fmt.Errorf("value at %#x is of unknown form %#x", d.pos, form)
		}
	}
}
