// SPDX-License-Identifier: Apache-2.0

package resource

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
)

// machine is what all processes of this machine have in common. What could not be
// read is empty.
type machine struct {
	bootID        string // of this boot, a UUID
	hostName      string
	arch          string // as Go names it, which for amd64 and arm64 is as host.arch does
	distroVersion string // version of this module
}

var thisMachine = sync.OnceValue(func() machine {
	m := machine{arch: runtime.GOARCH, distroVersion: moduleVersion()}
	if id, err := os.ReadFile("/proc/sys/kernel/random/boot_id"); err == nil {
		m.bootID = strings.TrimSpace(string(id))
	}
	// In a container of its own the collector has another name than the host.
	// The number is PROC_UTS_INIT_INO of include/linux/proc_ns.h.
	if namespace, err := os.Readlink("/proc/self/ns/uts"); err == nil && namespace == "uts:[4026531838]" {
		m.hostName, _ = os.Hostname()
	}
	return m
})

const modulePath = "github.com/ebpfgo/ebpfgoreceiver"

// moduleVersion is the version of this module in the collector that it was built
// into, or empty where it is not a release.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == modulePath && module.Version != "(devel)" {
			return module.Version
		}
	}
	return ""
}

// instanceNamespace is the namespace of the conventions for service.instance.id.
var instanceNamespace = uuid.MustParse("4d63009a-8d0f-11ee-aad7-4c796ed8e320")

// instanceID is the same for the whole life of a process, also when the collector
// is restarted meanwhile, and never given to another one.
func (m machine) instanceID(id discovery.Identity) string {
	if m.bootID == "" {
		return ""
	}
	name := fmt.Sprintf("%s/%d/%d", m.bootID, id.PID, id.StartTime)
	return uuid.NewSHA1(instanceNamespace, []byte(name)).String()
}
