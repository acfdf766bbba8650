// SPDX-License-Identifier: Apache-2.0

//go:build linux

package targettest

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a test that records that it failed, so that tests can see what makes targets fail one.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()           {}
func (r *recorder) Cleanup(do func()) { r.cleanups = append(r.cleanups, do) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) finish() {
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.cleanups[i]()
	}
}

func TestEndOfTarget(t *testing.T) {
	t.Parallel()
	binary := Binary(t, Build{Program: "httpserver"})
	die := func(how string) func(x *Target) {
		return func(x *Target) {
			_, err := x.Client().Get(x.URL() + "/die?how=" + how)
			assert.Error(t, err)
			x.WaitExit()
		}
	}
	for name, test := range map[string]struct {
		options []Option
		use     func(x *Target)
		failure string // a part of it, "" for none
	}{
		"with the test":     {nil, func(*Target) {}, ""},
		"stopped":           {nil, (*Target).Stop, ""},
		"stopped twice":     {nil, func(x *Target) { x.Stop(); x.Stop() }, ""},
		"killed":            {nil, (*Target).Kill, ""},
		"crashed":           {nil, die("segv"), "SIGSEGV"},
		"fatal error":       {nil, die("overflow"), "fatal error: stack overflow"},
		"exited with 0":     {nil, die("exit"), "ended by itself"},
		"crashed and Stop":  {nil, func(x *Target) { die("panic")(x); x.Stop() }, "crashed"},
		"crashed and Kill":  {nil, func(x *Target) { die("panic")(x); x.Kill() }, "crashed"},
		"expected crash":    {[]Option{ExpectCrash()}, die("kill"), ""},
		"no expected crash": {[]Option{ExpectCrash()}, func(*Target) {}, "did not end by itself"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recorder{TB: t}
			x := Start(r, binary, test.options...)
			test.use(x)
			r.finish()
			assert.ErrorIs(t, syscall.Kill(x.PID(), 0), syscall.ESRCH, "the process is still there")
			if test.failure == "" {
				assert.Empty(t, r.failures)
				return
			}
			require.Len(t, r.failures, 1)
			assert.Contains(t, r.failures[0], test.failure)
		})
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	x := Start(t, Binary(t, Build{Program: "httpserver"}), GOMAXPROCS(1), Env("TRACE_ME=1"))
	environment, err := os.ReadFile("/proc/" + strconv.Itoa(x.PID()) + "/environ")
	require.NoError(t, err)
	variables := strings.Split(string(environment), "\x00")
	assert.Contains(t, variables, "GOMAXPROCS=1")
	assert.Contains(t, variables, "TRACE_ME=1")
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	const path = "/srv/shop/bin/httpserver"
	for _, build := range []Build{
		{Program: "httpserver"},
		{Program: "httpserver", PIE: true},
		{Program: "httpserver", CGO: true},
	} {
		t.Run(build.String(), func(t *testing.T) {
			t.Parallel()
			binary := Binary(t, build)
			x := Start(t, binary, Container(path), PIDNamespace(), NetworkNamespace())
			proc := "/proc/" + strconv.Itoa(x.PID())
			for _, namespace := range []string{"mnt", "pid", "net"} {
				own, err := os.Readlink("/proc/self/ns/" + namespace)
				require.NoError(t, err)
				its, err := os.Readlink(proc + "/ns/" + namespace)
				require.NoError(t, err)
				assert.NotEqual(t, own, its, namespace)
			}
			executable, err := os.Readlink(proc + "/exe")
			require.NoError(t, err)
			assert.Equal(t, path, executable)
			assert.FileExists(t, proc+"/root"+path)
			status, err := os.ReadFile(proc + "/status")
			require.NoError(t, err)
			assert.Contains(t, string(status), "NSpid:\t"+strconv.Itoa(x.PID())+"\t1\n")

			_, err = http.Get(x.URL() + "/ok")
			assert.Error(t, err, "its port is not one of the test's network")
			response, err := x.Client().Get(x.URL() + "/ok")
			require.NoError(t, err)
			response.Body.Close()
			assert.Equal(t, http.StatusOK, response.StatusCode)

			root, err := os.Readlink("/proc/self/root")
			require.NoError(t, err)
			assert.Equal(t, "/", root, "the test's own root")
			outcomes := Load{URL: x.URL(), PathPrefix: "/ok/", Requests: 2, DialContext: x.DialContext}.Run(t.Context())
			assert.NoError(t, outcomes[1].Err)
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	binary := Binary(t, Build{Program: "httpserver"})
	plain, secure := Start(t, binary), Start(t, binary, TLS())
	for name, load := range map[string]Load{
		"fresh connections": {URL: plain.URL()},
		"keep alive":        {URL: plain.URL(), KeepAlive: true},
		"TLS":               {URL: secure.URL(), KeepAlive: true},
		"HTTP/2":            {URL: secure.URL(), HTTP2: true},
	} {
		t.Run(name, func(t *testing.T) {
			load.PathPrefix, load.Query, load.Requests, load.Concurrency = "/sleep/", "d=50ms", 200, 100
			outcomes := load.Run(t.Context())
			require.Len(t, outcomes, load.Requests)
			for i, outcome := range outcomes {
				require.NoError(t, outcome.Err)
				assert.Equal(t, "/sleep/"+strconv.Itoa(i), outcome.Path)
				assert.Equal(t, http.StatusOK, outcome.Status)
				assert.GreaterOrEqual(t, outcome.End.Sub(outcome.Start), 50*time.Millisecond)
			}
		})
	}
	t.Run("panics", func(t *testing.T) {
		for _, outcome := range (Load{URL: plain.URL(), PathPrefix: "/panic/", Requests: 5}).Run(t.Context()) {
			assert.Error(t, outcome.Err)
			assert.Zero(t, outcome.Status)
		}
		// net/http logs every panic: a request that was sent twice would be there twice.
		plain.Stop()
		assert.Equal(t, 5, strings.Count(plain.Output(), "http: panic serving"))
	})
}
