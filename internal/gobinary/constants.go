// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
)

var errNoConstant = errors.New("it is in no segment that cannot be written to")

// Constants reads what an executable has in its segments that cannot be written to: what stands
// there in the file stands there in each process. It has nothing of the file but where these are.
type Constants struct {
	segments []elf.Prog64
}

// Constants returns what it takes to read the executable's constants.
func (f *File) Constants() *Constants {
	c := &Constants{}
	for _, s := range f.image.segments {
		if elf.ProgFlag(s.Flags)&elf.PF_W == 0 {
			c.segments = append(c.segments, s)
		}
	}
	return c
}

// Read fills text with the constant at a link-time address. The reader has the same file that
// the constants were made from. It is an error if they do not have all of the text.
func (c *Constants) Read(r io.ReaderAt, addr uint64, text []byte) error {
	offset, ok := placeOf(c.segments, addr, uint64(len(text)))
	err := errNoConstant
	if ok {
		err = readFull(r, offset, text)
	}
	if err != nil {
		return fmt.Errorf("constant of %d bytes at address %#x: %w", len(text), addr, err)
	}
	return nil
}
