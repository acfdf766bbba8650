// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime/debug"
	"strconv"
)

// buildInfoMagic starts the build information, at an address that is a
// multiple of 16; see debug/buildinfo.
var buildInfoMagic = []byte("\xff Go buildinf:")

const (
	buildInfoAlignment = 16
	// Without section headers, this much of the first writable segment is
	// searched. The linker puts the build information first.
	maxBuildInfoSearch = 256 << 10
	// The build information of a program with a thousand modules has 100 KB.
	maxBuildInfoRead = 16 << 20
)

// IsGo tells whether r is a Go executable that Open accepts, as far as its
// headers and the place of the build information show. It reads some
// kilobytes, so that it can be asked of every process of a machine.
func IsGo(r io.ReaderAt) bool {
	m, err := newImage(r)
	return err == nil && hasBuildInfo(m)
}

func hasBuildInfo(m *image) bool {
	var start, size uint64
	if len(m.sections) > 0 {
		start, size, _ = m.section(".go.buildinfo")
	} else {
		for _, s := range m.segments {
			if elf.ProgType(s.Type) == elf.PT_LOAD && elf.ProgFlag(s.Flags)&elf.PF_W != 0 && s.Filesz > 0 {
				start, size = s.Vaddr, s.Filesz
				break
			}
		}
	}
	data := make([]byte, min(size, maxBuildInfoSearch))
	if len(data) == 0 || m.read(start, data) != nil {
		return false
	}
	for skip := -start % buildInfoAlignment; skip < uint64(len(data)); skip += buildInfoAlignment {
		if bytes.HasPrefix(data[skip:], buildInfoMagic) {
			return true
		}
	}
	return false
}

// readBuildInfo leaves the work to the standard library, which trusts headers
// that newImage has checked before, and a reader that ends.
func readBuildInfo(m *image, r io.ReaderAt) (*debug.BuildInfo, error) {
	if !hasBuildInfo(m) {
		return nil, ErrNotGo
	}
	info, err := buildinfo.Read(&boundedReader{r: r, left: maxBuildInfoRead})
	if err != nil {
		return nil, fmt.Errorf("%w: build information: %w", ErrNotGo, err)
	}
	return info, nil
}

// boundedReader fails when more bytes are read through it than it allows.
type boundedReader struct {
	r    io.ReaderAt
	left int
}

func (b *boundedReader) ReadAt(buf []byte, offset int64) (int, error) {
	if len(buf) > b.left {
		return 0, errors.New("too much to read")
	}
	b.left -= len(buf)
	return b.r.ReadAt(buf, offset)
}

var goRelease = regexp.MustCompile(`(?:^|\s)go1\.(\d{1,4})`)

// goMinor finds the minor in what runtime.Version returns.
func goMinor(version string) (int, bool) {
	match := goRelease.FindStringSubmatch(version)
	if match == nil {
		return 0, false
	}
	minor, err := strconv.Atoi(match[1])
	return minor, err == nil
}
