// SPDX-License-Identifier: Apache-2.0

//go:build linux

package guest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPassed(t *testing.T) {
	const output = `=== RUN   TestServer
--- PASS: TestServer (0.06s)
    --- PASS: TestServer/go1.27-stripped (12.67s)
    --- FAIL: TestServer/go1.20-stripped (13.69s)
--- FAIL: TestClient (0.07s)
PASS
`
	var p passed
	for i := range len(output) { // it comes in pieces
		n, err := p.Write([]byte{output[i]})
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	assert.Equal(t, []string{"TestServer", "TestServer/go1.27-stripped"}, p.names)
	assert.Empty(t, p.missing([]string{"TestServer", "TestServer/", "TestServer/go1.27-stripped"}))
	assert.Equal(t, []string{"TestServer/go1.20-stripped", "TestClient", "TestClient/", "TestServ"},
		p.missing([]string{"TestServer/go1.20-stripped", "TestClient", "TestClient/", "TestServ"}))
}
