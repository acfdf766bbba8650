// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// isForeign tells whether an error says that a file is not of interest.
func isForeign(err error) bool { return errors.Is(err, ErrNotExecutable) || errors.Is(err, ErrNotGo) }

func TestGoMinor(t *testing.T) {
	for version, want := range map[string]int{
		"go1.26.8":                  20 + 6,
		"go1.18":                    18,
		"go1.26rc1":                 26,
		"go1.22.5-vendor.1":         22,
		"go1.22.1 X:boringcrypto":   22,
		"devel go1.28-abc0123":      28,
		"devel go1.27-abc X:jsonv2": 27,
		"devel +abc0123 Mon Jan 1":  -1,
		"go2.1":                     -1,
		"go1.":                      -1,
		"ergo1.22":                  -1,
		"go1.99999":                 9999,
	} {
		minor, ok := goMinor(version)
		assert.Equal(t, want >= 0, ok, version)
		if ok {
			assert.Equal(t, want, minor, version)
		}
	}
}

func TestOpen(t *testing.T) {
	file := synthetic{goVersion: "devel go1.28-abc", functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}.bytes()
	require.True(t, IsGo(bytes.NewReader(file)))
	f, err := Open(bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, "devel go1.28-abc", f.GoVersion())
	assert.Equal(t, "devel go1.28-abc", f.BuildInfo().GoVersion)
	minor, err := f.GoMinor()
	require.NoError(t, err)
	assert.Equal(t, 28, minor)
	assert.Equal(t, "", f.BuildID())
	assert.Equal(t, AMD64, f.Arch())
	assert.Equal(t, "amd64", f.Arch().String())
	assert.False(t, f.PIE())
}

func TestOpenWithoutSections(t *testing.T) {
	e := synthetic{functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}
	file := e.bytes()
	clear(file[40:48]) // e_shoff
	clear(file[60:64]) // e_shnum, e_shstrndx
	assert.True(t, IsGo(bytes.NewReader(file)))
	f, err := Open(bytes.NewReader(file))
	require.NoError(t, err)
	assert.Equal(t, "go1.26.0", f.GoVersion())
	_, err = f.Functions("main.main")
	assert.ErrorContains(t, err, "no pclntab")
}

func TestOpenForeign(t *testing.T) {
	sound := synthetic{functions: []testFunction{{name: "main.main", text: make([]byte, 8)}}}
	withoutMagic := sound.bytes()
	withoutMagic[testData] = 0
	withoutVersion := sound.bytes()
	withoutVersion[testData+32] = 0
	for name, c := range map[string]struct {
		file []byte
		isGo bool
	}{
		"text":            {[]byte(strings.Repeat("#!/bin/sh\n", 100)), false},
		"no build info":   {withoutMagic, false},
		"no version":      {withoutVersion, true},
		"short of a page": {[]byte("\x7fELF"), false},
	} {
		assert.Equal(t, c.isGo, IsGo(bytes.NewReader(c.file)), name)
		_, err := Open(bytes.NewReader(c.file))
		assert.True(t, isForeign(err), "%s: %v", name, err)
	}
}

func TestBoundedReader(t *testing.T) {
	r := &boundedReader{r: strings.NewReader("0123456789"), left: 5}
	n, err := r.ReadAt(make([]byte, 3), 0)
	assert.NoError(t, err)
	assert.Equal(t, 3, n)
	_, err = r.ReadAt(make([]byte, 3), 0)
	assert.ErrorContains(t, err, "too much")
}

func TestCutNote(t *testing.T) {
	const gnu = "\x04\x00\x00\x00\x03\x00\x00\x00\x03\x00\x00\x00GNU\x00\x01\x02\x03"
	n, rest, ok := cutNote([]byte(gnu + "\x00rest"))
	require.True(t, ok)
	assert.Equal(t, note{"GNU\x00", 3, []byte{1, 2, 3}}, n)
	assert.Equal(t, "rest", string(rest))
	n, rest, ok = cutNote([]byte(gnu))
	require.True(t, ok, "the last one may lack padding")
	assert.Equal(t, []byte{1, 2, 3}, n.description)
	assert.Empty(t, rest)
	for _, corrupt := range []string{
		"", gnu[:11], gnu[:18], "\xff\xff\xff\xff" + gnu[4:], gnu[:4] + "\xff\xff\xff\xff" + gnu[8:],
	} {
		_, _, ok := cutNote([]byte(corrupt))
		assert.False(t, ok, "%q", corrupt)
	}
}
