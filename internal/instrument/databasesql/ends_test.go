// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// TestEndsInstead has binaries that lack the cheap ends.
func TestEndsInstead(t *testing.T) {
	sites := []instrument.Probe{{Program: successProgram}}
	for name, test := range map[string]struct {
		has, wants, expected []end
	}{
		"all":                   {[]end{queriedDB, attempted, failed}, []end{queriedDB, failed}, []end{queriedDB, failed}},
		"inlined":               {[]end{attempted, failed}, []end{executedStmt, failed}, []end{attempted, failed}},
		"none":                  {nil, []end{executedDB, failed}, []end{attempted, failed}},
		"nothing stands for it": {[]end{attempted}, []end{queried, releasedTx}, []end{queried, releasedTx}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &planner{}
			for _, e := range test.has {
				p.ends[e] = sites
			}
			assert.Equal(t, test.expected, p.endsOf(operation{ends: test.wants}))
		})
	}
}
