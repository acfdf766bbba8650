// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// traps counts the bytes of a process's code that are not those of its executable: the kernel writes
// one for each instruction with a uprobe.
func traps(t testing.TB, x *targettest.Target) (n int) {
	t.Helper()
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", x.PID()))
	require.NoError(t, err)
	file, err := os.Open(fmt.Sprintf("/proc/%d/exe", x.PID()))
	require.NoError(t, err)
	defer file.Close()
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", x.PID()))
	require.NoError(t, err)
	defer memory.Close()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", x.PID()))
	require.NoError(t, err)

	compared := 0
	for line := range strings.Lines(string(maps)) {
		var start, end, offset uint64
		var permissions string
		_, err := fmt.Sscanf(line, "%x-%x %s %x", &start, &end, &permissions, &offset)
		require.NoError(t, err)
		if permissions != "r-xp" || !strings.HasSuffix(strings.TrimSpace(line), " "+executable) {
			continue
		}
		now, original := make([]byte, end-start), make([]byte, end-start)
		_, err = memory.ReadAt(now, int64(start))
		require.NoError(t, err)
		// The last page of a mapping may reach behind the end of the file.
		read, err := file.ReadAt(original, int64(offset))
		require.True(t, err == nil || errors.Is(err, io.EOF) && read > 0, "%v", err)
		for i := range read {
			if now[i] != original[i] {
				n++
			}
		}
		compared += read
	}
	require.NotZero(t, compared, "no code of pid %d in\n%s", x.PID(), maps)
	return n
}
