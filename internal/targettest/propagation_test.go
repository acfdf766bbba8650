// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A chain has a line for each service, by every protocol of a build.
func TestPropagationChain(t *testing.T) {
	t.Parallel()
	for _, build := range []Build{PropagationBuilds[0], PropagationBuilds[len(PropagationBuilds)-1]} {
		binary := Binary(t, build)
		first, second, third := Start(t, binary), Start(t, binary), Start(t, binary)
		protocols := []string{"http1", "https1", "h2"}
		if build.Tags != nil {
			protocols = append(protocols, "h2c", "grpc", "grpcs")
		}
		for _, protocol := range protocols {
			hops := fmt.Sprintf("%s/%s,%[1]s/%[3]s", protocol, second.PropagationAddress(protocol), third.PropagationAddress(protocol))
			request, err := http.NewRequest(http.MethodGet, first.URL()+"/chain/1?next="+hops, nil)
			require.NoError(t, err)
			request.Header.Set("Traceparent", "mine")
			response, err := first.Client().Do(request)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			response.Body.Close()
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, response.StatusCode, "%s", body)
			assert.Equal(t, "mine -\n- -\n- -\n", string(body), protocol)
		}
		had := first.Have(Exchanges{Protocol: "http1", Scenario: "plain", Address: second.Address(), N: 1})
		assert.Equal(t, 1, had.Failed, "no peer answers here")
		assert.True(t, strings.Contains(had.Failures[0], "404"), "%v", had.Failures)
	}
}
