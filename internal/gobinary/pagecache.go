// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"io"
	"math"
)

// The cache holds at most maxPages*pageSize = 4 MiB of a file.
const (
	pageSize = 16 << 10
	maxPages = 256
)

// pageCache reads a file by pages that it keeps, so that the many small reads
// of an analysis cost few system calls and bounded memory. It is not safe for
// concurrent use.
type pageCache struct {
	r     io.ReaderAt
	pages map[uint64][]byte
}

func newPageCache(r io.ReaderAt) *pageCache {
	return &pageCache{r: r, pages: make(map[uint64][]byte)}
}

// readAt fills buf from an offset of the file. The error is io.EOF, wrapped or
// not, if the file ends before.
func (c *pageCache) readAt(offset uint64, buf []byte) error {
	if offset > math.MaxInt64-uint64(len(buf)) {
		return io.EOF
	}
	// A large read would only push everything else out.
	if len(buf) >= pageSize {
		n, err := c.r.ReadAt(buf, int64(offset))
		if n == len(buf) {
			return nil
		}
		return err
	}
	for len(buf) > 0 {
		page, err := c.page(offset / pageSize)
		if err != nil {
			return err
		}
		start := int(offset % pageSize)
		if start >= len(page) {
			return io.EOF
		}
		n := copy(buf, page[start:])
		buf = buf[n:]
		offset += uint64(n)
	}
	return nil
}

// page returns the page of that number; the last one of the file is shorter.
func (c *pageCache) page(number uint64) ([]byte, error) {
	if page, ok := c.pages[number]; ok {
		return page, nil
	}
	page := make([]byte, pageSize)
	n, err := c.r.ReadAt(page, int64(number*pageSize))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	// An analysis goes over the file in a few sweeps: which page goes first
	// matters little, and dropping all is simplest.
	if len(c.pages) == maxPages {
		clear(c.pages)
	}
	c.pages[number] = page[:n]
	return page[:n], nil
}
