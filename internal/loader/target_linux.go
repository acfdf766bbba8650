// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

// MaxBinaries is how many binaries the kernel side has room for, BINARIES_MAX.
const MaxBinaries = 4096

// Binary is what the kernel side knows of one binary.
type Binary struct {
	Runtime RuntimeLayout
	// Connections is zero if connections of the binary cannot be told.
	Connections ConnectionLayout
	Contexts    []gobinary.ContextType
	Layouts     map[string]any // by the name of the map, see instrument.Library.LayoutMap
}

// AddBinary describes the binary with an index, before anything is attached to it.
func (l *Loader) AddBinary(index uint16, b Binary) error {
	key := uint32(index)
	if err := l.put("runtime_layouts", key, b.Runtime); err != nil {
		return err
	}
	if l.maps[connectionLayouts] != nil { // a library has clients
		if err := l.put(connectionLayouts, key, b.Connections); err != nil {
			return err
		}
	}
	for name, layout := range b.Layouts {
		if err := l.put(name, key, layout); err != nil {
			return err
		}
	}
	for _, t := range b.Contexts {
		value := contextType{Offset: t.Offset, Via: t.Via}
		if t.Deref {
			value.Dereference = 1
		}
		if err := l.put("context_types", contextTypeKey{Type: t.Type, Binary: uint64(index)}, value); err != nil {
			return err
		}
	}
	return nil
}

// RemoveBinary makes the index free for another binary.
func (l *Loader) RemoveBinary(index uint16, b Binary) error {
	errs := []error{l.TraceAll(index, false, 0)}
	for _, t := range b.Contexts {
		errs = append(errs, l.maps["context_types"].Delete(contextTypeKey{Type: t.Type, Binary: uint64(index)}))
	}
	return errors.Join(errs...)
}

// TraceAll says whether, and with which settings, processes of a binary are traced before
// anything is known of them.
func (l *Loader) TraceAll(index uint16, all bool, settings Settings) error {
	if !all {
		return l.put("binaries", uint32(index), Settings(0))
	}
	return l.put("binaries", uint32(index), settings|traced)
}

// targetState is struct target.
type targetState struct {
	Binary   uint32 // index plus one; 0: no target
	Settings Settings
	Network  uint64
	Identity uint64
}

// Trace makes a process a target, as one that runs the binary with an index. Network is the
// inode of its network namespace, 0 if that is not known.
func (l *Loader) Trace(tgid uint32, index uint16, settings Settings, network uint64) error {
	return l.put("targets", tgid, targetState{uint32(index) + 1, settings, network, newIdentity()})
}

// newIdentity returns a number that no process has had and that none can guess.
func newIdentity() uint64 {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	return binary.NativeEndian.Uint64(random[:]) | 1
}

// Ignore makes a process no target, until Trace or Forget: its probes do nothing.
func (l *Loader) Ignore(tgid uint32) error {
	return l.put("targets", tgid, targetState{})
}

// stateKey is struct goroutine_key, struct detached_key, struct context_key and struct
// outgoing_key.
type stateKey struct {
	ID, TGID uint64
}

// Forget frees what is kept for a process that ended.
func (l *Loader) Forget(tgid uint32) error {
	var errs []error
	if err := l.maps["targets"].Delete(tgid); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		errs = append(errs, fmt.Errorf("map targets: %w", err))
	}
	if err := l.forgetGoroutines(tgid); err != nil {
		errs = append(errs, fmt.Errorf("map goroutines: %w", err))
	}
	if err := forgetState[detachedState](l.maps["detached"], tgid, nil); err != nil {
		errs = append(errs, fmt.Errorf("map detached: %w", err))
	}
	if err := forgetState[contextState](l.maps["contexts"], tgid, nil); err != nil {
		errs = append(errs, fmt.Errorf("map contexts: %w", err))
	}
	if err := forgetState[outgoingState](l.maps["outgoing"], tgid, nil); err != nil {
		errs = append(errs, fmt.Errorf("map outgoing: %w", err))
	}
	return errors.Join(append(errs, l.ForgetJoins(tgid))...)
}

// struct goroutine, struct open_span, struct context_span and struct outgoing. Of a
// goroutine, the spans begin at 16.
type (
	goroutineState [16 + openSpansMax*openSpanSize + momentSize + 8]byte
	detachedState  [openSpanSize]byte
	contextState   [48]byte
	outgoingState  [48]byte
)

const (
	openSpansMax  = 4
	openSpanSize  = 80
	momentSize    = 24
	spanIDInState = 16 // of an open_span
	keptInState   = 12 // of a goroutine

	keepingForgotten = uint32(2) // KEEPING_FORGOTTEN, bpf/include/goroutine.h
)

const stateBatch = 1024

// forgetGoroutines tells the kernel side how many of the goroutines of a process were kept, for it
// bounds their number.
func (l *Loader) forgetGoroutines(tgid uint32) error {
	kept := uint64(0)
	err := forgetState(l.maps["goroutines"], tgid, func(state *goroutineState) {
		if state[keptInState] != 0 {
			kept++
		}
	})
	if kept == 0 {
		return err
	}
	l.keeping.Lock()
	defer l.keeping.Unlock()
	l.forgotten += kept
	return errors.Join(err, l.put("keeping", keepingForgotten, l.forgotten))
}

// forgetState deletes the elements of a process, and calls f, if there is one, for each of them.
func forgetState[V any](m *ebpf.Map, tgid uint32, f func(*V)) error {
	var ended []stateKey
	err := eachState(m, func(key stateKey, value *V) {
		if key.TGID != uint64(tgid) {
			return
		}
		ended = append(ended, key)
		if f != nil {
			f(value)
		}
	})
	for _, key := range ended {
		if failure := m.Delete(key); failure != nil && !errors.Is(failure, ebpf.ErrKeyNotExist) {
			err = errors.Join(err, failure)
		}
	}
	return err
}

// eachState calls f for each element of a map. It reads in batches: few system calls,
// however many other processes have state.
func eachState[K, V any](m *ebpf.Map, f func(K, *V)) error {
	var cursor ebpf.MapBatchCursor
	keys := make([]K, stateBatch)
	values := make([]V, stateBatch)
	for {
		n, err := m.BatchLookup(&cursor, keys, values, nil)
		for i := range n {
			f(keys[i], &values[i])
		}
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// OpenSpans returns the spans that are open in all targets.
func (l *Loader) OpenSpans() (map[pcommon.SpanID]bool, error) {
	open := map[pcommon.SpanID]bool{}
	err := eachState(l.maps["goroutines"], func(_ stateKey, state *goroutineState) {
		count := binary.LittleEndian.Uint32(state[8:])
		for i := range min(count, openSpansMax) {
			at := 16 + i*openSpanSize + spanIDInState
			open[pcommon.SpanID(state[at:at+8])] = true
		}
	})
	if err != nil {
		return nil, fmt.Errorf("map goroutines: %w", err)
	}
	err = eachState(l.maps["detached"], func(_ stateKey, state *detachedState) {
		open[pcommon.SpanID(state[spanIDInState:spanIDInState+8])] = true
	})
	if err != nil {
		return nil, fmt.Errorf("map detached: %w", err)
	}
	return open, nil
}
