// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestKernelIsChecked: what an old or unsuitable kernel answers becomes one error that says what is needed.
func TestKernelIsChecked(t *testing.T) {
	fine := func() error { return nil }
	fails := func(err error) func() error { return func() error { return fmt.Errorf("ask: %w", err) } }
	for _, test := range []struct {
		name   string
		kernel kernel
		multi  bool
		want   []string // parts of the error; none: the kernel will do
	}{
		{name: "6.12", kernel: kernel{"6.12.1", fine, fine, fine}, multi: true},
		{name: "5.15", kernel: kernel{"5.15.0", fine, fine, fine}},
		{name: "uprobe_multi needs no perf event", kernel: kernel{"6.12.1", fine, fine, fails(os.ErrNotExist)}, multi: true},
		{
			name:   "5.10",
			kernel: kernel{"5.10.0-30-amd64", fails(ebpf.ErrNotSupported), fine, fine},
			want:   []string{"kernel 5.10.0-30-amd64 has no bpf_get_attach_cookie", "Linux 5.15 or newer is needed", "CONFIG_BPF_EVENTS"},
		},
		{
			name:   "no bpf(2)",
			kernel: kernel{"6.12.1", fails(syscall.ENOSYS), fine, fine},
			want:   []string{"function not implemented", "has no bpf(2)", "CONFIG_BPF_SYSCALL"},
		},
		{
			name:   "no privileges",
			kernel: kernel{"6.12.1", fails(syscall.EPERM), fine, fine},
			want:   []string{"operation not permitted", "the capabilities BPF, PERFMON"},
		},
		{
			name:   "no types",
			kernel: kernel{"6.12.1", fine, fails(os.ErrNotExist), fine}, multi: true,
			want: []string{"kernel 6.12.1 does not describe its types in /sys/kernel/btf/vmlinux", "CONFIG_DEBUG_INFO_BTF"},
		},
		{
			name:   "no uprobes",
			kernel: kernel{"5.15.0", fine, fine, fails(os.ErrNotExist)},
			want:   []string{"kernel 5.15.0 has no uprobes", "CONFIG_UPROBE_EVENTS"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.kernel.check(test.multi)
			if test.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, part := range test.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

// TestThisKernelWillDo: the kernel that runs the tests has all that is asked, by either kind of link.
func TestThisKernelWillDo(t *testing.T) {
	k := thisKernel()
	assert.Regexp(t, `^\d+\.\d+`, k.release)
	require.NoError(t, k.check(true))
	require.NoError(t, k.check(false))
}
