// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"io"
	"math"
)

// The cache holds at most pageCount*pageSize = 4 MiB of a file.
const (
	pageSize  = 16 << 10
	pageCount = 256
)

// pageCache reads a file by pages that it keeps, so that the many small reads
// of an analysis cost few system calls and bounded memory. It is not safe for
// concurrent use.
type pageCache struct {
	r io.ReaderAt
	// pages has page n of the file, if any, at n%pageCount: an analysis goes
	// over the file in a few sweeps, for which that is as good as anything.
	pages [pageCount]page
}

type page struct {
	number uint64
	data   []byte // shorter than pageSize at the end of the file, nil if there is no page
}

// readAt fills buf from an offset of the file. The error is io.EOF, wrapped or
// not, if the file ends before.
func (c *pageCache) readAt(offset uint64, buf []byte) error {
	if offset > math.MaxInt64-uint64(len(buf))-pageSize {
		return io.EOF
	}
	// A large read would only push everything else out.
	if len(buf) >= pageSize {
		return readFull(c.r, offset, buf)
	}
	for len(buf) > 0 {
		data, err := c.page(offset / pageSize)
		if err != nil {
			return err
		}
		start := offset % pageSize
		if start >= uint64(len(data)) {
			return io.EOF
		}
		n := copy(buf, data[start:])
		buf = buf[n:]
		offset += uint64(n)
	}
	return nil
}

// readFull fills buf from an offset of a file, whose end may be that of buf: io.ReaderAt lets it say so.
func readFull(r io.ReaderAt, offset uint64, buf []byte) error {
	n, err := r.ReadAt(buf, int64(offset))
	if n == len(buf) {
		return nil
	}
	return err
}

// page returns the page of that number, until the next call.
func (c *pageCache) page(number uint64) ([]byte, error) {
	p := &c.pages[number%pageCount]
	if p.data != nil && p.number == number {
		return p.data, nil
	}
	buf := p.data[:cap(p.data)]
	if buf == nil {
		buf = make([]byte, pageSize)
	}
	p.data = nil
	n, err := c.r.ReadAt(buf, int64(number*pageSize))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	p.number, p.data = number, buf[:n]
	return p.data, nil
}
