// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

func TestJoinsOfKernelSide(t *testing.T) {
	spec, err := catalog.Libraries()[0].Programs()
	require.NoError(t, err)
	_, size := kerneltest.Struct(t, spec, "join_key")
	assert.Equal(t, 48, size)
	kerneltest.CheckStruct(t, spec, "join_key", joinKey{})
	kerneltest.CheckStruct(t, spec, "joined", joined{})
}

// TestForgetJoins takes back what one process has noted, unless it is the note of another one by now.
func TestForgetJoins(t *testing.T) {
	const mine, other = uint64(10), uint64(11)
	l := load(t, catalog.Libraries()...)
	note := func(span, tgid uint64, port uint16) joinKey {
		key := joinKey{ClientPort: port, ServerPort: 443}
		require.NoError(t, l.put("joined", span, joined{Key: key, TGID: tgid}))
		require.NoError(t, l.put("joins", key, join{SpanID: span, TGID: tgid, ClientPort: port}))
		return key
	}
	var keys []joinKey
	for span := range uint64(2 * stateBatch) {
		keys = append(keys, note(span+1, mine, uint16(span)))
	}
	theirs := note(1<<40, other, 50000)
	// A port of the one that ended has been given to the other one, which notes its request.
	again := note(2<<40, other, 7)
	require.NoError(t, l.maps["joins"].Delete(keys[9]), "its server has taken it")

	require.NoError(t, l.ForgetJoins(uint32(mine)))
	var found join
	for i, key := range keys {
		if key != again {
			assert.ErrorIs(t, l.maps["joins"].Lookup(key, &found), ebpf.ErrKeyNotExist, i)
		}
	}
	assert.NoError(t, l.maps["joins"].Lookup(theirs, &found))
	require.NoError(t, l.maps["joins"].Lookup(again, &found))
	assert.Equal(t, uint64(2<<40), found.SpanID)
	var spans []uint64
	require.NoError(t, eachState(l.maps["joined"], func(span uint64, _ *joined) { spans = append(spans, span) }))
	assert.ElementsMatch(t, []uint64{1 << 40, 2 << 40}, spans)
	assert.NoError(t, l.ForgetJoins(uint32(mine)), "again")
}
