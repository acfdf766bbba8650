// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
)

// checkKernel looks for the newest thing that the programs cannot do without.
func checkKernel() error {
	err := features.HaveProgramHelper(ebpf.Kprobe, asm.FnGetAttachCookie)
	if errors.Is(err, ebpf.ErrNotSupported) {
		return errors.New("this kernel has no bpf_get_attach_cookie for uprobes: Linux 5.15 or newer is needed")
	}
	if err != nil {
		return explain(fmt.Errorf("ask the kernel for bpf_get_attach_cookie: %w", err))
	}
	return nil
}

// explain adds to a refusal what would lift it.
func explain(err error) error {
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w: this kernel's verifier refuses a program that others accept: please report it with the kernel's version", err)
	}
	if !errors.Is(err, os.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: the collector needs the capabilities BPF, PERFMON, SYS_PTRACE and DAC_READ_SEARCH in the host's "+
		"user namespace, and the host's pid namespace: run it as root, give its systemd unit AmbientCapabilities, or its container "+
		"securityContext.capabilities and hostPID", err)
}
