// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"path"
)

// Modes of the entries of an archive.
const (
	cpioFolder     = 0o040755
	cpioFile       = 0o100644
	cpioExecutable = 0o100755
)

// cpioWriter writes the archive that a kernel unpacks as its first file system, as
// Documentation/driver-api/early-userspace/buffer-format.rst of Linux describes it ("newc").
type cpioWriter struct {
	w       *bufio.Writer
	folders map[string]bool
	inode   int
	written int64
	err     error
}

func newCPIOWriter(w io.Writer) *cpioWriter {
	return &cpioWriter{w: bufio.NewWriter(w), folders: map[string]bool{"/": true}}
}

// file adds a file by its absolute path, and the folders above it that are not there yet.
func (c *cpioWriter) file(name string, mode uint32, content []byte) {
	c.folder(path.Dir(name))
	c.entry(name[1:], mode, content)
}

// folder adds a folder and those above it.
func (c *cpioWriter) folder(name string) {
	if c.folders[name] {
		return
	}
	c.folders[name] = true
	c.folder(path.Dir(name))
	c.entry(name[1:], cpioFolder, nil)
}

func (c *cpioWriter) entry(name string, mode uint32, content []byte) {
	c.inode++
	const owner, links, time, device = 0, 1, 0, 0
	c.print("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		c.inode, mode, owner, owner, links, time, len(content), device, device, device, device, len(name)+1, 0, name)
	c.pad()
	if c.err == nil {
		n, err := c.w.Write(content)
		c.written, c.err = c.written+int64(n), err
	}
	c.pad()
}

// close ends the archive.
func (c *cpioWriter) close() error {
	c.entry("TRAILER!!!", 0, nil)
	if c.err != nil {
		return c.err
	}
	return c.w.Flush()
}

func (c *cpioWriter) print(format string, args ...any) {
	if c.err == nil {
		n, err := fmt.Fprintf(c.w, format, args...)
		c.written, c.err = c.written+int64(n), err
	}
}

// pad fills up to a multiple of four bytes.
func (c *cpioWriter) pad() {
	for c.err == nil && c.written%4 != 0 {
		c.print("\x00")
	}
}
