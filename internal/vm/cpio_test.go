// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArchive reads an archive as init/initramfs.c of Linux does.
func TestArchive(t *testing.T) {
	var buffer bytes.Buffer
	w := newCPIOWriter(&buffer)
	w.folder("/tmp")
	w.file("/a/b/c", cpioExecutable, []byte("hello"))
	w.file("/a/b/empty", cpioFile, nil)
	w.file("/tmp/x", cpioFile, bytes.Repeat([]byte("x"), 1000))
	require.NoError(t, w.close())

	type entry struct {
		name    string
		mode    uint64
		content string
	}
	var entries []entry
	rest := buffer.Bytes()
	take := func(n int) []byte {
		require.GreaterOrEqual(t, len(rest), n)
		taken := rest[:n]
		rest = rest[n:]
		return taken
	}
	align := func() { take((4 - (buffer.Len()-len(rest))%4) % 4) }
	inodes := map[uint64]bool{}
	for {
		require.Equal(t, "070701", string(take(6)))
		var fields [13]uint64
		for i := range fields {
			text := take(8)
			_, err := hex.DecodeString(string(text))
			require.NoError(t, err)
			fields[i], err = strconv.ParseUint(string(text), 16, 32)
			require.NoError(t, err)
		}
		assert.False(t, inodes[fields[0]], "two files of one inode are links")
		inodes[fields[0]] = true
		name := take(int(fields[11]))
		align()
		content := take(int(fields[6]))
		align()
		require.Zero(t, name[len(name)-1])
		if e := (entry{string(name[:len(name)-1]), fields[1], string(content)}); e.name != "TRAILER!!!" {
			entries = append(entries, e)
			continue
		}
		break
	}
	assert.Empty(t, rest)
	assert.Equal(t, []entry{
		{"tmp", cpioFolder, ""},
		{"a", cpioFolder, ""},
		{"a/b", cpioFolder, ""},
		{"a/b/c", cpioExecutable, "hello"},
		{"a/b/empty", cpioFile, ""},
		{"tmp/x", cpioFile, string(bytes.Repeat([]byte("x"), 1000))},
	}, entries)
}
