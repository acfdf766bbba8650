// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
)

func load(t *testing.T, libraries ...instrument.Library) *Loader {
	t.Helper()
	l, err := Load(libraries)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close()) })
	return l
}

// library is one of the catalog with another name and other programs.
type library struct {
	instrument.Library
	programs func() (*ebpf.CollectionSpec, error)
}

func (library) Name() string { return "other" }

func (o library) Programs() (*ebpf.CollectionSpec, error) { return o.programs() }

func TestLoad(t *testing.T) {
	net := catalog.Libraries()[0]
	l := load(t, net)
	spec := programs(t)
	canWrite, _ := l.CanWrite()
	for name, program := range spec.Programs {
		assert.Equal(t, canWrite || !writes(program.Instructions), l.programs[name] != nil, name)
	}
	assert.EqualValues(t, RingBytes, l.Events().MaxEntries())
	cpus, err := ebpf.PossibleCPU()
	require.NoError(t, err)
	assert.EqualValues(t, cpus+spareScratches, l.maps["scratches"].MaxEntries())
	counts := make([]uint64, len(events.KernelLosses))
	require.NoError(t, l.Losses(counts))
	assert.Equal(t, make([]uint64, len(counts)), counts)
	assert.Error(t, l.Losses(make([]uint64, len(counts)+1)), "a reason that the kernel side has not")

	other := load(t, net)
	require.NoError(t, l.put("losses", uint32(1), uint64(7)))
	require.NoError(t, l.Losses(counts))
	assert.Equal(t, uint64(7), counts[1])
	require.NoError(t, other.Losses(counts))
	assert.Zero(t, counts[1], "two loaded kernel sides share nothing")
}

// TestLoadSharesMaps: programs of all libraries use one set of maps, but for their constants.
func TestLoadSharesMaps(t *testing.T) {
	l := load(t, catalog.Libraries()...)
	names := map[ebpf.MapID]string{}
	for name, m := range l.maps {
		info, err := m.Info()
		require.NoError(t, err)
		id, ok := info.ID()
		require.True(t, ok)
		names[id] = name
	}
	users := map[string]map[string]bool{} // programs by map
	for name, program := range l.programs {
		info, err := program.Info()
		require.NoError(t, err)
		ids, ok := info.MapIDs()
		require.True(t, ok)
		for _, id := range ids {
			shared := names[id]
			if shared == "" {
				assert.Regexp(t, `\.rodata`, mapName(t, id), name)
				continue
			}
			if users[shared] == nil {
				users[shared] = map[string]bool{}
			}
			users[shared][name] = true
		}
	}
	for _, name := range []string{"events", "goroutines", "targets", "losses", "scratches"} {
		for _, program := range []string{"net_http_server_start", "grpc_server_start", "sql_statement_start"} {
			assert.True(t, users[name][program], "%s uses %s", program, name)
		}
	}
}

func mapName(t *testing.T, id ebpf.MapID) string {
	t.Helper()
	m, err := ebpf.NewMapFromID(id)
	require.NoError(t, err)
	defer m.Close()
	info, err := m.Info()
	require.NoError(t, err)
	return info.Name
}

func TestLoadNamesTheLibrary(t *testing.T) {
	_, err := Load([]instrument.Library{library{programs: func() (*ebpf.CollectionSpec, error) { return nil, errors.ErrUnsupported }}})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "load the programs of other")
}

const unprivileged = "LOADER_TEST_UNPRIVILEGED"

// TestLoadWithoutPrivileges runs itself again as a user who may not load programs.
func TestLoadWithoutPrivileges(t *testing.T) {
	if os.Getenv(unprivileged) != "" {
		_, err := Load(catalog.Libraries())
		fmt.Println("error:", err)
		return
	}
	const nobody = 65534
	command := exec.Command("/proc/self/exe", "-test.run=^TestLoadWithoutPrivileges$", "-test.v")
	command.Env = append(os.Environ(), unprivileged+"=1")
	command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, Pdeathsig: syscall.SIGKILL}
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Contains(t, string(output), "error: ")
	for _, want := range []string{"operation not permitted", "BPF, PERFMON, SYS_PTRACE", "run it as root", "AmbientCapabilities"} {
		assert.Contains(t, string(output), want)
	}
}

func TestExplain(t *testing.T) {
	other := errors.New("other")
	assert.Equal(t, other, explain(other))
	refused := explain(fmt.Errorf("do it: %w", syscall.EPERM))
	assert.ErrorIs(t, refused, syscall.EPERM)
	assert.ErrorContains(t, refused, "do it: operation not permitted: the collector needs the capabilities BPF")
	assert.ErrorContains(t, explain(syscall.EACCES), "capabilities")
}
