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

// togetherActions are all that requests can have done, but for those that wait for a release.
const togetherActions = "sql,exec,http,grpc,transaction,rows,stream,intercepted,intercepted_stream,authorized,querying_http,driver_http,driver_grpc,driver_authorized"

func TestTogether(t *testing.T) {
	t.Parallel()
	client := Start(t, Binary(t, Build{Program: "grpcclient"}))
	for _, build := range []Build{{Go: "1.21"}, {Go: "1.27", ModFile: "go.latest.mod"}} {
		build.Program = "together"
		binary := Binary(t, build)
		peer := Start(t, binary)
		x := Start(t, binary, Args("-peer", peer.Address(), "-workers", "2", "-background", "1ms"))
		get := func(path string) (int, string) {
			response, err := x.Client().Get(x.URL() + path)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			return response.StatusCode, string(body)
		}
		call := func(method, request string) CallResult {
			stream := map[string]string{"RunEach": "bidi"}[method]
			return client.Call(Call{
				Target: strings.Replace(x.Address(), "127.0.0.1", "127.0.0.2", 1), Stream: stream,
				Method: "/example.Together/" + method, Messages: []string{request},
			})[0]
		}

		for _, via := range []string{"", "goroutine", "pool", "hired", "errgroup"} {
			for _, context := range []string{"", "chain", "without_cancel", "background"} {
				query := fmt.Sprintf("via=%s&context=%s&pause=1ms&do=%s", via, context, togetherActions)
				status, body := get("/run/1?" + query)
				assert.Equal(t, http.StatusOK, status, "%s: %s", query, body)
				for _, method := range []string{"Run", "RunEach"} {
					result := call(method, "id=1&"+query)
					assert.Equal(t, "OK", result.Code, "%s: %s", query, result.Message)
				}
			}
		}
		for _, query := range []string{"do=nothing", "via=nowhere", "do=sql&context=nobody", "pause=long"} {
			status, _ := get("/run/1?" + query)
			assert.Equal(t, http.StatusInternalServerError, status, query)
			assert.Equal(t, "Unknown", call("Run", query).Code, query)
		}
		for id, do := range []string{"wait,sql", "sql_held,sql"} {
			query := fmt.Sprintf("id=%d&via=later&context=background&do=%s", id, do)
			assert.Equal(t, "OK", call("Run", query).Code, query)
			status, body := get(fmt.Sprintf("/release/%d", id))
			assert.Equal(t, http.StatusOK, status, "%s: %s", query, body)
		}
	}
}
