// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each version is newer than the one before it.
func TestCompareVersions(t *testing.T) {
	for module, versions := range map[string][]string{
		Std: {"go1.9", "go1.18beta1", "go1.18rc1", "go1.18", "go1.18.1", "go1.18.10", "go1.20.14", "go1.21rc2", "go1.21.0", "go1.27.4", "go2.0.0"},
		"example.com/m": {
			"v0.0.0-20190102030405-0123456789ab", "v0.0.0", "v0.12.0", "v1.0.0-alpha", "v1.0.0-alpha.1", "v1.0.0-alpha.beta", "v1.0.0-beta", "v1.0.0-beta.2",
			"v1.0.0-beta.11", "v1.0.0-rc.1", "v1.0.0", "v1.0.1", "v1.9.0", "v1.10.0", "v2.0.0+incompatible", "v2.0.1-0.20200102030405-0123456789ab+incompatible",
			"v18446744073709551616.0.0",
		},
	} {
		for i, a := range versions {
			assert.NoError(t, validVersion(module, a), a)
			for j, b := range versions {
				want := 0
				if i < j {
					want = -1
				} else if i > j {
					want = 1
				}
				assert.Equal(t, want, CompareVersions(module, a, b), "%s and %s", a, b)
			}
		}
	}
}

func TestInvalidVersions(t *testing.T) {
	for _, version := range []string{
		"", "v", "v1", "v1.2", "1.2.3", "v1.2.3.4", "v01.2.3", "v1.02.3", "v1.2.x", "v1.2.3-", "v1.2.3-a..b", "v1.2.3+", "v1.2.3-ä", "v-1.2.3", "(devel)", "go1.22.0",
	} {
		assert.Error(t, validVersion("m", version), version)
	}
	for _, version := range []string{"", "go", "go1.22.0 X:boringcrypto", "devel go1.28-abc", "v1.22.0", "1.22.0"} {
		assert.Error(t, validVersion(Std, version), version)
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("v1.0.0-rc.1+incompatible", "v1.0.0-rc.01")
	f.Add("go1.22rc1", "go1.22.0")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, module := range []string{Std, "m"} {
			if validVersion(module, a) != nil || validVersion(module, b) != nil {
				continue
			}
			assert.Equal(t, CompareVersions(module, a, b), -CompareVersions(module, b, a))
			assert.Equal(t, a == b, CompareVersions(module, a, b) == 0)
		}
	})
}
