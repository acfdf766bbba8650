// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// ErrNotGo says that an executable has no Go build information.
var ErrNotGo = errors.New("not a Go executable")

// File is one Go executable under analysis. It reads as it is asked and keeps
// caches of some megabytes: drop it when the analysis is done. It is not safe
// for concurrent use.
type File struct {
	image *image
	info  *debug.BuildInfo

	sources  []Source // that Layout may ask
	database *offsetsdb.DB

	pclntab           func() (*pclntab, error)    // read once
	moduleDataAddress func() (uint64, error)      // found once
	moduleData        func() (*moduleData, error) // read once
	types             func() (*types, error)      // read once
}

// Open reads the headers and the build information of an executable. The error
// is ErrNotExecutable or ErrNotGo, wrapped or not, for a file that is sound but
// not of interest. The reader must stay open as long as the File is used.
func Open(r io.ReaderAt, options ...Option) (*File, error) {
	m, err := newImage(r)
	if err != nil {
		return nil, err
	}
	info, err := readBuildInfo(m, r)
	if err != nil {
		return nil, err
	}
	f := &File{image: m, info: info, sources: allSources}
	for _, option := range options {
		option(f)
	}
	f.pclntab = sync.OnceValues(func() (*pclntab, error) { return findPclntab(m) })
	f.moduleDataAddress = sync.OnceValues(f.findModuleData)
	f.moduleData = sync.OnceValues(f.readModuleData)
	f.types = sync.OnceValues(f.readTypes)
	return f, nil
}

// Option changes where the offsets of a File come from.
type Option func(*File)

// Database has Layout look up what the executable itself does not tell.
func Database(db *offsetsdb.DB) Option {
	return func(f *File) { f.database = db }
}

// Only has Layout ask some of its sources, for those who hold them against each other.
func Only(sources ...Source) Option {
	return func(f *File) { f.sources = sources }
}

// BuildInfo returns what the go command recorded about the build: the main
// module, its dependencies, and settings.
func (f *File) BuildInfo() *debug.BuildInfo { return f.info }

// GoVersion returns the toolchain's version as it stands in the binary, such
// as "go1.26.8", "go1.22.1 X:boringcrypto" or "devel go1.28-abc".
func (f *File) GoVersion() string { return f.info.GoVersion }

// GoMinor returns the minor of the Go release, 26 for "go1.26.8", "go1.26rc1"
// and "devel go1.26-abc". It is an error if the version does not say.
func (f *File) GoMinor() (int, error) {
	minor, ok := goMinor(f.info.GoVersion)
	if !ok {
		return 0, fmt.Errorf("Go version %q does not name a release", f.info.GoVersion)
	}
	return minor, nil
}

// Arch returns the instruction set.
func (f *File) Arch() Arch { return f.image.arch }

// PIE tells whether the executable is position-independent, so that its
// addresses in memory are the link-time ones plus a base.
func (f *File) PIE() bool { return f.image.pie }
