// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// countingReader counts how often a file is read.
type countingReader struct {
	io.ReaderAt
	reads int
}

func (c *countingReader) ReadAt(p []byte, at int64) (int, error) {
	c.reads++
	return c.ReaderAt.ReadAt(p, at)
}

func TestTypeNames(t *testing.T) {
	file, err := os.Open(targettest.Binary(t, targettest.Build{Program: "httpserver", Strip: true}))
	require.NoError(t, err)
	defer file.Close()
	f, err := gobinary.Open(file)
	require.NoError(t, err)
	types, err := f.TypeNames()
	require.NoError(t, err)
	contexts, err := f.ContextTypes()
	require.NoError(t, err)
	require.NotEmpty(t, contexts)

	reader := &countingReader{ReaderAt: file}
	e := &typeNames{file: reader, types: types, names: map[uint64]string{}}
	assert.Empty(t, e.name(0))
	assert.Zero(t, reader.reads)
	name := e.name(contexts[0].Type)
	assert.NotEmpty(t, name)
	reads := reader.reads
	assert.Positive(t, reads)
	assert.Equal(t, name, e.name(contexts[0].Type))
	assert.Equal(t, reads, reader.reads, "it is remembered")

	for address := range uint64(2 * maxTypeNames) {
		assert.Empty(t, e.name(address), "the target says any address")
	}
	assert.Len(t, e.names, maxTypeNames)
	assert.Equal(t, name, e.name(contexts[0].Type))
}

func TestTypeNamesOfUnknownBinary(t *testing.T) {
	assert.Empty(t, (&typeNames{names: map[uint64]string{}}).name(0x1000))
	failing := readerFunc(func([]byte, int64) (int, error) { return 0, errors.New("gone") })
	e := &typeNames{file: failing, types: &gobinary.TypeNames{}, names: map[uint64]string{}}
	assert.Empty(t, e.name(0x1000))
}

type readerFunc func([]byte, int64) (int, error)

func (f readerFunc) ReadAt(p []byte, at int64) (int, error) { return f(p, at) }
