// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

const (
	// RingBytes is the size of the ring buffer.
	RingBytes = 8 << 20
	// wakeupShare is the part of the ring buffer that fills up before the reader is woken.
	wakeupShare = 8
	// spareScratches is how many more working buffers there are than processors, for
	// programs that were preempted while they had one.
	spareScratches = 16
)

// Loader is the loaded kernel side. There is one in a process, for any number of
// targets.
type Loader struct {
	maps     map[string]*ebpf.Map
	programs map[string]*ebpf.Program
	// multi says that the programs were loaded for uprobe_multi links.
	multi bool
	// noWrite says why the programs that write into targets are not loaded, if so.
	noWrite string
	// closing has an element for each link that is being closed.
	closing chan struct{}
	// samplers are those that the kernel side knows, by their number less one.
	samplers []Sampler
	// keeping guards forgotten, the number of goroutines that were kept and then forgotten with
	// their process.
	keeping   sync.Mutex
	forgotten uint64
}

// Load loads the programs of all libraries. The error says what the kernel or the
// privileges lack.
func Load(libraries []instrument.Library) (*Loader, error) {
	return loadFor(libraries, features.HaveBPFLinkUprobeMulti() == nil)
}

// loadFor loads for uprobe_multi links (Linux 6.6), or for a perf event per site.
func loadFor(libraries []instrument.Library, multi bool) (*Loader, error) {
	if err := rlimit.RemoveMemlock(); err != nil {
		return nil, explain(fmt.Errorf("raise the limit of locked memory: %w", err))
	}
	if err := thisKernel().check(multi); err != nil {
		return nil, err
	}
	l := &Loader{
		maps:     map[string]*ebpf.Map{},
		programs: map[string]*ebpf.Program{},
		multi:    multi,
		noWrite:  refusal(),
		closing:  make(chan struct{}, maxClosing),
	}
	if err := l.load(libraries); err != nil {
		l.Close()
		return nil, explain(err)
	}
	return l, nil
}

// load adds libraries: first the maps of all, then the programs.
func (l *Loader) load(libraries []instrument.Library) error {
	var parts []part
	for _, library := range libraries {
		spec, err := library.Programs()
		if err == nil {
			err = l.createMaps(spec)
		}
		if err != nil {
			return naming(library, err)
		}
		for name := range spec.Programs {
			parts = append(parts, part{library, spec, name})
		}
	}
	return l.loadPrograms(parts)
}

func naming(library instrument.Library, err error) error {
	return fmt.Errorf("load the programs of %s: %w", library.Name(), err)
}

// part is one program of a library.
type part struct {
	library instrument.Library
	spec    *ebpf.CollectionSpec
	program string
}

func (p part) size() int { return len(p.spec.Programs[p.program].Instructions) }

// maxLoading is how many programs are loaded at a time. Each takes a processor and some memory of the kernel, and more
// at a time would all wait for the one that takes longest.
const maxLoading = 4

// loadPrograms loads programs around the maps that are there, side by side: it is the verifier of the kernel that
// takes its time. It stops at a failure.
func (l *Loader) loadPrograms(parts []part) error {
	slices.SortFunc(parts, func(a, b part) int { return b.size() - a.size() }) // what takes longest first
	programs := make([]*ebpf.Program, len(parts))
	errs := make([]error, len(parts))
	kernelTypes := btf.NewCache()
	var next atomic.Int32
	var failed atomic.Bool
	var loading sync.WaitGroup
	for range min(maxLoading, runtime.GOMAXPROCS(0)) {
		loading.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts) && !failed.Load(); i = int(next.Add(1)) - 1 {
				if programs[i], errs[i] = l.loadProgram(parts[i], kernelTypes); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	loading.Wait()
	var failure error
	for i, p := range parts {
		if programs[i] != nil {
			l.programs[p.program] = programs[i]
		}
		if errs[i] != nil && failure == nil { // that of the others is most likely the same
			failure = naming(p.library, errs[i])
		}
	}
	return failure
}

func (l *Loader) loadProgram(p part, kernelTypes *btf.Cache) (*ebpf.Program, error) {
	spec := *p.spec
	spec.Programs = map[string]*ebpf.ProgramSpec{p.program: spec.Programs[p.program]}
	collection, err := l.loadAround(&spec, kernelTypes)
	if err != nil {
		return nil, err
	}
	defer collection.Close()
	return collection.DetachProgram(p.program), nil
}

// createMaps fits the part of a library to this machine, and makes those of its maps that are not there yet, but
// for the constants and variables of its programs.
func (l *Loader) createMaps(spec *ebpf.CollectionSpec) error {
	if err := l.configure(spec); err != nil {
		return err
	}
	for _, program := range spec.Programs {
		if l.multi {
			program.AttachType = ebpf.AttachTraceUprobeMulti
		}
	}
	for name, m := range spec.Maps {
		if l.maps[name] != nil || name[0] == '.' {
			continue
		}
		made, err := ebpf.NewMap(m)
		if err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
		l.maps[name] = made
	}
	return nil
}

// loadAround loads a part of the kernel side around the maps that are there.
func (l *Loader) loadAround(spec *ebpf.CollectionSpec, kernelTypes *btf.Cache) (*ebpf.Collection, error) {
	shared := map[string]*ebpf.Map{}
	for name := range spec.Maps {
		if m, ok := l.maps[name]; ok {
			shared[name] = m
		}
	}
	return ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: shared, Cache: kernelTypes})
}

// Extend loads another part of the kernel side. The maps that it shares with the parts that
// are there, those of bpf/include, are theirs. Who calls it closes it.
func (l *Loader) Extend(spec *ebpf.CollectionSpec) (*ebpf.Collection, error) {
	if err := l.configure(spec); err != nil {
		return nil, err
	}
	return l.loadAround(spec, nil)
}

// configure fits a part to this machine.
func (l *Loader) configure(spec *ebpf.CollectionSpec) error {
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		return fmt.Errorf("count the processors: %w", err)
	}
	slots := uint32(cpus + spareScratches)
	spec.Maps["scratches"].MaxEntries = slots
	if err := spec.Variables["scratch_slots"].Set(slots); err != nil {
		return err
	}
	if l.noWrite != "" {
		withoutWriters(spec)
	}
	spec.Maps["events"].MaxEntries = RingBytes
	return spec.Variables["wakeup_bytes"].Set(uint64(RingBytes / wakeupShare))
}

// Events is the ring buffer that all programs write to.
func (l *Loader) Events() *ebpf.Map { return l.maps["events"] }

// Close detaches nothing: attachments are closed by who made them. It frees programs
// and maps.
func (l *Loader) Close() error {
	for _, program := range l.programs {
		program.Close()
	}
	for _, m := range l.maps {
		m.Close()
	}
	return nil
}

// Losses returns what the kernel side lost so far, in the order of events.KernelLosses.
func (l *Loader) Losses(counts []uint64) error { return l.count("losses", counts) }

// Propagations returns what became of the trace context of requests so far, in the order
// of events.Propagations.
func (l *Loader) Propagations(counts []uint64) error { return l.count("propagations", counts) }

func (l *Loader) count(name string, counts []uint64) error {
	for i := range counts {
		if err := l.maps[name].Lookup(uint32(i), &counts[i]); err != nil {
			return fmt.Errorf("read the counter of %s %d: %w", name, i, err)
		}
	}
	return nil
}

var errNoMap = errors.New("no such map")

// put writes one element of a map.
func (l *Loader) put(name string, key, value any) error {
	m := l.maps[name]
	if m == nil {
		return fmt.Errorf("map %s: %w", name, errNoMap)
	}
	if err := m.Put(key, value); err != nil {
		return fmt.Errorf("map %s: %w", name, err)
	}
	return nil
}
