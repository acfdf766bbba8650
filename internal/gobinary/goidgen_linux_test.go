// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

func TestGoidGen(t *testing.T) {
	versions := targettest.Versions()
	// Up to Go 1.20 nobody asks for it: goroutines do not know who started them.
	for _, version := range versions[slices.Index(versions, "1.21"):] {
		for _, arch := range []string{"amd64", "arm64"} {
			for _, pie := range []bool{false, true} {
				build := targettest.Build{Program: "types", Go: version, GOARCH: arch, PIE: pie}
				t.Run(build.String(), func(t *testing.T) {
					t.Parallel()
					f, r := openBuild(t, build)
					_, symbols := goSymbols(t, r)
					address, err := f.GoidGen()
					require.NoError(t, err)
					assert.Equal(t, symbols["runtime.sched"], address, "goidgen is the first field of runtime.schedt")

					build.Strip = true
					f, _ = openBuild(t, build)
					address, err = f.GoidGen()
					require.NoError(t, err)
					assert.NotZero(t, address)
				})
			}
		}
	}
}
