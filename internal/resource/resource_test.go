// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
)

var (
	process = &discovery.Process{
		Identity:     discovery.Identity{PID: 4711, StartTime: 123456},
		Executable:   "/srv/shop/bin/checkout-server",
		ContainerID:  strings.Repeat("3f", 32),
		PodUID:       "0f2a9c46-72a3-4a0b-8c64-5c0e4ad6f2c1",
		NamespacePID: 7,
	}
	build = &debug.BuildInfo{
		GoVersion: "go1.26.8",
		Main:      debug.Module{Path: "example.com/shop/checkout/v2", Version: "v2.3.4"},
	}
)

func of(p *discovery.Process, environ map[string]string, build *debug.BuildInfo, override Override) map[string]any {
	res := pcommon.NewResource()
	Of(p, environ, build, override, res)
	return res.Attributes().AsRaw()
}

func TestDetected(t *testing.T) {
	m := machine{
		bootID: "38ed284e-04bb-46d1-a275-9818284f0751", hostName: "node-7", arch: "arm64", distroVersion: "v0.1.0",
	}
	res := pcommon.NewResource()
	attributes(res.Attributes()).detect(process, build, m)
	assert.Equal(t, map[string]any{
		"service.name":             "checkout",
		"service.version":          "v2.3.4",
		"service.instance.id":      m.instanceID(process.Identity),
		"process.pid":              int64(4711),
		"process.vpid":             int64(7),
		"process.executable.name":  "checkout-server",
		"process.executable.path":  "/srv/shop/bin/checkout-server",
		"process.runtime.name":     "go",
		"process.runtime.version":  "go1.26.8",
		"container.id":             process.ContainerID,
		"k8s.pod.uid":              process.PodUID,
		"host.name":                "node-7",
		"host.arch":                "arm64",
		"os.type":                  "linux",
		"telemetry.distro.name":    "ebpfgo",
		"telemetry.distro.version": "v0.1.0",
	}, res.Attributes().AsRaw())
	assert.Contains(t, SchemaURL, "/1.43.0")
}

func TestUnknownIsLeftOut(t *testing.T) {
	one := &discovery.Process{Identity: discovery.Identity{PID: 1}, NamespacePID: 1}
	got := of(one, map[string]string{"SECRET": "s3cr3t"}, nil, Override{})
	for _, key := range []string{
		"service.version", "process.vpid", "process.executable.name", "process.executable.path",
		"process.runtime.version", "container.id", "k8s.pod.uid", "SECRET",
	} {
		assert.NotContains(t, got, key)
	}
	assert.Equal(t, "unknown_service:go", got["service.name"])
}

func TestServiceName(t *testing.T) {
	declared := map[string]string{
		"OTEL_SERVICE_NAME":        "by-name",
		"OTEL_RESOURCE_ATTRIBUTES": "service.name=by-attributes",
	}
	without := func(names ...string) map[string]string {
		rest := map[string]string{}
		for name, value := range declared {
			rest[name] = value
		}
		for _, name := range names {
			delete(rest, name)
		}
		return rest
	}
	module := func(path string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Path: path}} }
	configured := Override{ServiceName: "configured", Attributes: map[string]string{"service.name": "attribute"}}
	for name, test := range map[string]struct {
		environ  map[string]string
		override Override
		build    *debug.BuildInfo
		want     string
	}{
		"OTEL_SERVICE_NAME":             {declared, configured, build, "by-name"},
		"OTEL_RESOURCE_ATTRIBUTES":      {without("OTEL_SERVICE_NAME"), configured, build, "by-attributes"},
		"empty variable":                {map[string]string{"OTEL_SERVICE_NAME": ""}, configured, build, "configured"},
		"configuration":                 {nil, configured, build, "configured"},
		"configured attribute":          {nil, Override{Attributes: configured.Attributes}, build, "attribute"},
		"module":                        {nil, Override{}, module("example.com/shop/cart"), "cart"},
		"module of one element":         {nil, Override{}, module("cart"), "cart"},
		"module with major version":     {nil, Override{}, build, "checkout"},
		"module that is called v2":      {nil, Override{}, module("v2"), "checkout-server"},
		"package without module":        {nil, Override{}, module("command-line-arguments"), "checkout-server"},
		"no module":                     {nil, Override{}, module(""), "checkout-server"},
		"no build information":          {nil, Override{}, nil, "checkout-server"},
		"module that ends like version": {nil, Override{}, module("example.com/vault"), "vault"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, of(process, test.environ, test.build, test.override)["service.name"])
		})
	}
}

func TestPrecedence(t *testing.T) {
	got := of(process,
		map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "team=declared,service.version=declared,service.instance.id=declared"},
		build,
		Override{Attributes: map[string]string{"team": "configured", "container.id": "configured", "tier": "configured"}})
	assert.Equal(t, "declared", got["team"])
	assert.Equal(t, "declared", got["service.version"])
	assert.Equal(t, "declared", got["service.instance.id"])
	assert.Equal(t, "configured", got["container.id"])
	assert.Equal(t, "configured", got["tier"])
}

func TestDevelopmentVersionIsLeftOut(t *testing.T) {
	development := &debug.BuildInfo{Main: debug.Module{Path: "example.com/cart", Version: "(devel)"}}
	assert.NotContains(t, of(process, nil, development, Override{}), "service.version")
}

func TestInvalidUTF8(t *testing.T) {
	odd := &discovery.Process{Executable: "/srv/\xff\xfe"}
	got := of(odd, map[string]string{"OTEL_SERVICE_NAME": "a\xffb"}, nil, Override{})
	assert.Equal(t, "a\uFFFDb", got["service.name"])
	assert.Equal(t, "/srv/\uFFFD", got["process.executable.path"])
}

func TestInstanceID(t *testing.T) {
	m := machine{bootID: "38ed284e-04bb-46d1-a275-9818284f0751"}
	id := m.instanceID(discovery.Identity{PID: 1, StartTime: 2})
	parsed, err := uuid.Parse(id)
	require.NoError(t, err)
	assert.Equal(t, uuid.Version(5), parsed.Version())
	assert.Equal(t, id, m.instanceID(discovery.Identity{PID: 1, StartTime: 2}), "stable")
	assert.NotEqual(t, id, m.instanceID(discovery.Identity{PID: 1, StartTime: 3}))
	assert.NotEqual(t, id, m.instanceID(discovery.Identity{PID: 12, StartTime: 2}))
	assert.NotEqual(t, id, machine{bootID: "another"}.instanceID(discovery.Identity{PID: 1, StartTime: 2}))
	assert.Empty(t, machine{}.instanceID(discovery.Identity{PID: 1}), "not known which boot")
}

func TestParseAttributes(t *testing.T) {
	many := make([]string, 2*maxDeclared)
	for i := range many {
		many[i] = fmt.Sprintf("k%d=v", i)
	}
	assert.Len(t, parseAttributes(strings.Join(many, ",")), maxDeclared)
	for list, want := range map[string]map[string]string{
		"":                 {},
		"a=b":              {"a": "b"},
		" a = b , c = d ":  {"a": "b", "c": "d"},
		"a=b%20c%2Cd%3De":  {"a": "b c,d=e"},
		"a%3Db=c":          {"a=b": "c"},
		"a=b+c":            {"a": "b+c"},
		"a=b=c":            {"a": "b=c"},
		"a=%C3%A4":         {"a": "ä"},
		"a=%zz,b=ok":       {"b": "ok"},
		"a=%ff,b=ok":       {"b": "ok"},
		"nothing,=x,,b=ok": {"b": "ok"},
		"a=1,a=2":          {"a": "2"},
		"a=" + strings.Repeat("x", maxDeclaredValue+1) + ",b=ok": {"b": "ok"},
	} {
		assert.Equal(t, want, parseAttributes(list), "%.40s", list)
	}
}

func FuzzParseAttributes(f *testing.F) {
	f.Add("a=b,c=%20")
	f.Add("%=%,=,")
	f.Fuzz(func(t *testing.T, list string) {
		declared := parseAttributes(list)
		assert.LessOrEqual(t, len(declared), maxDeclared)
		for key, value := range declared {
			assert.NotEmpty(t, key)
			assert.LessOrEqual(t, len(value), maxDeclaredValue)
		}
	})
}
