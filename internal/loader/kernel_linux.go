// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// kernel is what is asked of a kernel before programs are loaded.
type kernel struct {
	release string // as uname -r prints it
	// Each says what the kernel lacks: the newest helper that the programs cannot do without (Linux
	// 5.15), the description of its types, and uprobes as perf events.
	cookie, types, perfUprobe func() error
}

// thisKernel asks the one that runs.
func thisKernel() kernel {
	var name unix.Utsname
	release := "of an unknown release"
	if unix.Uname(&name) == nil {
		release = unix.ByteSliceToString(name.Release[:])
	}
	return kernel{
		release: release,
		cookie:  func() error { return features.HaveProgramHelper(ebpf.Kprobe, asm.FnGetAttachCookie) },
		types: func() error {
			_, err := btf.LoadKernelSpec()
			return err
		},
		perfUprobe: func() error {
			_, err := os.Stat("/sys/bus/event_source/devices/uprobe/type")
			return err
		},
	}
}

// check returns an error that says what the kernel lacks, if programs cannot be loaded or must not be.
func (k kernel) check(multi bool) error {
	err := k.cookie()
	if errors.Is(err, ebpf.ErrNotSupported) {
		return fmt.Errorf("kernel %s has no bpf_get_attach_cookie for uprobes: Linux 5.15 or newer is needed, built with "+
			"CONFIG_BPF_EVENTS and CONFIG_UPROBE_EVENTS", k.release)
	}
	if err != nil {
		return explain(fmt.Errorf("ask the kernel for bpf_get_attach_cookie: %w", err))
	}
	// By it the programs find what keeps them from being preempted where that would corrupt memory of
	// the kernel (bpf/include/preemption.h). Without it they would run unguarded.
	if err := k.types(); err != nil {
		return fmt.Errorf("kernel %s does not describe its types in /sys/kernel/btf/vmlinux: one built with "+
			"CONFIG_DEBUG_INFO_BTF is needed, and /sys mounted: %w", k.release, err)
	}
	if multi {
		return nil // which is uprobes enough
	}
	if err := k.perfUprobe(); err != nil {
		return fmt.Errorf("kernel %s has no uprobes: one built with CONFIG_UPROBE_EVENTS is needed, and /sys mounted: %w", k.release, err)
	}
	return nil
}

// explain adds to a refusal what would lift it.
func explain(err error) error {
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w: this kernel's verifier refuses a program that others accept: please report it with the kernel's version", err)
	}
	if errors.Is(err, syscall.ENOSYS) {
		return fmt.Errorf("%w: this kernel has no bpf(2), or a seccomp filter hides it: one built with CONFIG_BPF_SYSCALL is needed", err)
	}
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: the collector needs the capabilities BPF, PERFMON, SYS_PTRACE and DAC_READ_SEARCH in the host's "+
		"user namespace, and the host's pid namespace: run it as root, give its systemd unit AmbientCapabilities, or its container "+
		"securityContext.capabilities and hostPID", err)
}
