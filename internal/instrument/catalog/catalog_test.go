// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
)

func TestNamesAndOperationsAreUnique(t *testing.T) {
	names := Names()
	assert.Equal(t, slices.Compact(slices.Clone(names)), names)

	operations := map[events.Operation]string{}
	for _, library := range Libraries() {
		for _, instrumentation := range library.Instrumentations() {
			assert.NotZero(t, instrumentation.Operation, instrumentation.Name)
			assert.Empty(t, operations[instrumentation.Operation], "%s has the operation of another", instrumentation.Name)
			operations[instrumentation.Operation] = instrumentation.Name
		}
	}
}
