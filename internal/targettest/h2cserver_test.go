// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"debug/buildinfo"
	"debug/elf"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestH2C(t *testing.T) {
	t.Parallel()
	for _, build := range []Build{
		{Program: "h2cserver", Go: "1.18"},
		{Program: "h2cserver", Go: "1.18", Vendor: true},
		{Program: "h2cserver", Go: "1.18", GOPATH: true},
		{Program: "h2cserver", Go: "1.27"},
		{Program: "h2cserver", Go: "1.27", GOPATH: true},
		{Program: "h2cserver", Go: "1.27", ModFile: "go.latest.mod"},
		{Program: "h2cserver", Go: "1.27", ModFile: "go.latest.mod", Vendor: true},
	} {
		t.Run(build.String(), func(t *testing.T) {
			x := Start(t, Binary(t, build))
			for prefix, status := range map[string]int{"/ok/": 200, "/sleep/": 200, "/panic/": 0, "/goexit/": 0, "/nowhere/": 404} {
				for _, outcome := range (Load{URL: x.URL(), PathPrefix: prefix, Requests: 3, HTTP2: true}).Run(t.Context()) {
					assert.Equal(t, status, outcome.Status, outcome.Path)
					assert.Equal(t, status == 0, outcome.Err != nil, "%s: %v", outcome.Path, outcome.Err)
				}
			}
			response, err := x.Client().Get(x.URL() + "/ok")
			require.NoError(t, err)
			response.Body.Close()
			assert.Equal(t, "HTTP/1.1", response.Proto)
			assert.Equal(t, http.StatusOK, response.StatusCode)

			body, err := UpgradeH2C(t.Context(), x.Address(), "/ok")
			require.NoError(t, err)
			assert.Equal(t, "ok", string(body))
			_, err = UpgradeH2C(t.Context(), x.Address(), "/panic")
			assert.Error(t, err)
		})
	}
}

func TestVendoredNames(t *testing.T) {
	t.Parallel()
	const server = "golang.org/x/net/http2.(*Server).ServeConn"
	for _, test := range []struct {
		build    Build
		function string
		module   string
	}{
		{Build{Program: "h2cserver", Go: "1.18"}, server, "example.com/h2cserver"},
		{Build{Program: "h2cserver", Go: "1.18", Vendor: true}, server, "example.com/h2cserver"},
		{Build{Program: "h2cserver", Go: "1.18", GOPATH: true}, "example.com/h2cserver/vendor/" + server, ""},
	} {
		t.Run(test.build.String(), func(t *testing.T) {
			binary := Binary(t, test.build)
			file, err := elf.Open(binary)
			require.NoError(t, err)
			defer file.Close()
			symbols, err := file.Symbols()
			require.NoError(t, err)
			var names []string
			for _, symbol := range symbols {
				names = append(names, symbol.Name)
			}
			assert.True(t, slices.Contains(names, test.function), "no function %s", test.function)

			info, err := buildinfo.ReadFile(binary)
			require.NoError(t, err)
			assert.Equal(t, "go1.18.10", info.GoVersion)
			assert.Equal(t, test.module, info.Main.Path)
		})
	}
}
