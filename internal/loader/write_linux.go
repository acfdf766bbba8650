// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// lockdownFile says which lockdown is in force: security/lockdown/lockdown.c of the kernel.
const lockdownFile = "/sys/kernel/security/lockdown"

// CanWrite tells whether headers can be written into the buffers of targets. Where they
// cannot, the programs for that are not loaded, and it says why.
func (l *Loader) CanWrite() (can bool, reason string) {
	return l.noWrite == "", l.noWrite
}

// refusal tries whether the kernel lets a program write into a process, and says why not.
// Linux refuses it under lockdown, and to whom lacks CAP_SYS_ADMIN
// (kernel/trace/bpf_trace.c, bpf_get_probe_write_proto).
func refusal() string {
	err := features.HaveProgramHelper(ebpf.Kprobe, asm.FnProbeWriteUser)
	if err == nil {
		return ""
	}
	if !errors.Is(err, ebpf.ErrNotSupported) {
		return fmt.Sprintf("the kernel does not say whether it lets programs write into processes: %v", err)
	}
	content, err := os.ReadFile(lockdownFile)
	switch {
	case err == nil && !bytes.Contains(content, []byte("[none]")):
		return "the kernel is locked down, as with Secure Boot, and lets no program write into a process"
	case !hasSysAdmin():
		return "the collector lacks the capability SYS_ADMIN, without which the kernel lets no program write into a process"
	case err != nil:
		return fmt.Sprintf("the kernel lets no program write into a process, maybe because it is locked down (%v)", err)
	}
	return "the kernel lets no program write into a process"
}

// hasSysAdmin tells whether this thread has CAP_SYS_ADMIN.
func hasSysAdmin() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return true // it is not known to be missing
	}
	return data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// withoutWriters leaves out the programs that write into processes.
func withoutWriters(spec *ebpf.CollectionSpec) {
	maps.DeleteFunc(spec.Programs, func(_ string, program *ebpf.ProgramSpec) bool { return writes(program.Instructions) })
}

func writes(instructions asm.Instructions) bool {
	for _, instruction := range instructions {
		if instruction.IsBuiltinCall() && asm.BuiltinFunc(instruction.Constant) == asm.FnProbeWriteUser {
			return true
		}
	}
	return false
}
