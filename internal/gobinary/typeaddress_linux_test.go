// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

func TestTypeAddresses(t *testing.T) {
	for _, version := range targettest.Versions() {
		for _, build := range []targettest.Build{
			{Program: "types", Go: version},
			{Program: "types", Go: version, Strip: true, PIE: true},
		} {
			t.Run(build.String(), func(t *testing.T) {
				t.Parallel()
				f, r := openBuild(t, build)
				names := map[string]string{
					"*net/http.Request":     "*http.Request",
					"net/http.Request":      "http.Request",
					"main.Request":          "main.Request",
					"*html/template.Error":  "*template.Error",
					"*text/template.Nobody": "",
					"main.Twice":            "", // one in a function, too
					"Request":               "",
					"":                      "",
					"*":                     "",
				}
				keys := make([]string, 0, len(names))
				for key := range names {
					keys = append(keys, key)
				}
				addresses, err := f.TypeAddresses(keys...)
				require.NoError(t, err)
				types, err := f.TypeNames()
				require.NoError(t, err)
				for key, want := range names {
					address, ok := addresses[key]
					require.Equal(t, want != "", ok, key)
					if ok {
						name, err := types.Name(r, address)
						require.NoError(t, err)
						assert.Equal(t, want, name)
					}
				}
				assert.NotEqual(t, addresses["net/http.Request"], addresses["main.Request"])
			})
		}
	}
}

func TestTypeAddressesOfVendoredPackage(t *testing.T) {
	b := newTypesBuilder()
	vendored := b.named(kindStruct, "shop/vendor/github.com/lib/pq", "pq.Error")
	pointer := b.pointer(vendored)
	types, err := b.walk(pointer)
	require.NoError(t, err)
	addresses, err := types.addresses([]string{"*github.com/lib/pq.Error", "github.com/lib/pq.Error", "lib/pq.Error"})
	require.NoError(t, err)
	assert.Equal(t, map[string]uint64{
		"*github.com/lib/pq.Error": types.base + uint64(pointer),
		"github.com/lib/pq.Error":  types.base + uint64(vendored),
	}, addresses)

	exact := b.named(kindStruct, "github.com/lib/pq", "pq.Error")
	types, err = b.walk(pointer, b.pointer(exact))
	require.NoError(t, err)
	addresses, err = types.addresses([]string{"github.com/lib/pq.Error"})
	require.NoError(t, err)
	assert.Equal(t, map[string]uint64{"github.com/lib/pq.Error": types.base + uint64(exact)}, addresses)
}
