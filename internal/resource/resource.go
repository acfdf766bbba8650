// SPDX-License-Identifier: Apache-2.0

// Package resource describes a traced process by the resource attributes of the
// semantic conventions.
//
// What the process declares in its environment wins over the configuration, and
// that over what is detected. Left out on purpose: the command line, which may hold
// secrets; host.id, which on a cloud is known to the provider alone; and
// telemetry.sdk.*, as there is no SDK.
package resource

import (
	"maps"
	"path"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
)

// SchemaURL is that of the conventions by which the attributes are named.
const SchemaURL = semconv.SchemaURL

// Override is what the configuration says about a process.
type Override struct {
	ServiceName string            // empty if it says nothing
	Attributes  map[string]string // nil if it says nothing
}

// Of fills res with the attributes of a process. Environ and build may be nil when
// they could not be read.
func Of(p *discovery.Process, environ map[string]string, build *debug.BuildInfo, override Override, res pcommon.Resource) {
	a := attributes(res.Attributes())
	a.detect(p, build, thisMachine())
	a.putAll(override.Attributes)
	a.put(semconv.ServiceNameKey, override.ServiceName)
	a.putAll(parseAttributes(environ["OTEL_RESOURCE_ATTRIBUTES"]))
	a.put(semconv.ServiceNameKey, environ["OTEL_SERVICE_NAME"])
}

type attributes pcommon.Map

// put sets an attribute, unless the value is empty: not known. Paths and variables
// may hold any bytes, but attributes are UTF-8.
func (a attributes) put(key attribute.Key, value string) {
	if value != "" {
		pcommon.Map(a).PutStr(string(key), strings.ToValidUTF8(value, "\uFFFD"))
	}
}

func (a attributes) putAll(values map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		a.put(attribute.Key(key), values[key])
	}
}

func (a attributes) detect(p *discovery.Process, build *debug.BuildInfo, m machine) {
	if build == nil {
		build = &debug.BuildInfo{}
	}
	a.put(semconv.ServiceNameKey, serviceName(p, build))
	if version := build.Main.Version; version != "(devel)" {
		a.put(semconv.ServiceVersionKey, version)
	}
	a.put(semconv.ServiceInstanceIDKey, m.instanceID(p.Identity))

	pcommon.Map(a).PutInt(string(semconv.ProcessPIDKey), int64(p.PID))
	if p.NamespacePID != p.PID && p.NamespacePID != 0 {
		pcommon.Map(a).PutInt(string(semconv.ProcessVpidKey), int64(p.NamespacePID))
	}
	if p.Executable != "" {
		a.put(semconv.ProcessExecutableNameKey, path.Base(p.Executable))
	}
	a.put(semconv.ProcessExecutablePathKey, p.Executable)
	a.put(semconv.ProcessRuntimeNameKey, "go")
	a.put(semconv.ProcessRuntimeVersionKey, build.GoVersion)

	a.put(semconv.ContainerIDKey, p.ContainerID)
	a.put(semconv.K8SPodUIDKey, p.PodUID)
	a.put(semconv.HostNameKey, m.hostName)
	a.put(semconv.HostArchKey, m.arch)
	a.put(semconv.OSTypeKey, "linux")
	a.put(semconv.TelemetryDistroNameKey, "ebpfgo")
	a.put(semconv.TelemetryDistroVersionKey, m.distroVersion)
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// serviceName is the last element of the main module's path that is not a major
// version. Programs built from files alone have no main module, or one that says so.
func serviceName(p *discovery.Process, build *debug.BuildInfo) string {
	module := build.Main.Path
	if majorVersion.MatchString(path.Base(module)) {
		module = path.Dir(module)
	}
	if name := path.Base(module); module != "" && name != "." && name != "/" && name != "command-line-arguments" {
		return name
	}
	if p.Executable == "" {
		return "unknown_service:go"
	}
	return path.Base(p.Executable)
}
