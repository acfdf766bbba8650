// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// shared is the one kernel side of this process and all that sessions have in common.
type shared struct {
	libraries []instrument.Library
	loader    *loader.Loader
	reader    *reader
	assembler *assembler // used by the reader's goroutine alone
	sockets   sockets
	analyses  sync.Mutex // one binary is analysed at a time

	mu       sync.Mutex
	detached *sync.Cond // with mu: probes have been taken out
	sessions []*Session
	binaries map[discovery.FileID]*binary
	traced   map[tracedKey]*tracedProcess
	indices  []uint16 // free ones

	losses       [len(events.KernelLosses)]uint64 // as last read
	propagations [len(events.Propagations)]uint64
}

var (
	currentMu sync.Mutex
	current   *shared
)

// acquire returns the shared kernel side with a session in it; the first one loads it.
func acquire(s *Session) (*shared, error) {
	currentMu.Lock()
	defer currentMu.Unlock()
	if current == nil {
		made, err := newShared()
		if err != nil {
			return nil, err
		}
		current = made
	}
	shared := current
	shared.mu.Lock()
	shared.sessions = append(shared.sessions, s)
	shared.mu.Unlock()
	return shared, nil
}

// release takes a session out; the last one unloads the kernel side.
func release(s *Session) error {
	currentMu.Lock()
	defer currentMu.Unlock()
	shared := s.shared
	shared.mu.Lock()
	shared.sessions = slices.DeleteFunc(slices.Clone(shared.sessions), func(other *Session) bool { return other == s })
	last := len(shared.sessions) == 0
	idle := shared.leave(func(b *binary) bool { return b.users == 0 && b.idle == s })
	shared.mu.Unlock()
	err := shared.discard(idle...)
	if !last {
		return err
	}
	current = nil
	return errors.Join(err, shared.close())
}

func newShared() (*shared, error) {
	libraries := catalog.Libraries()
	l, err := loader.Load(libraries)
	if err != nil {
		return nil, err
	}
	r, err := newReader(l.Events())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := &shared{
		libraries: libraries,
		loader:    l,
		reader:    r,
		binaries:  map[discovery.FileID]*binary{},
		traced:    map[tracedKey]*tracedProcess{},
	}
	s.detached = sync.NewCond(&s.mu)
	for i := loader.MaxBinaries - 1; i >= 0; i-- {
		s.indices = append(s.indices, uint16(i))
	}
	s.assembler = newAssembler(libraries, s.lost)
	r.round, r.record, r.tick, r.chores = s.assembler.clock.Look, s.record, s.tick, s.chores
	go r.run()
	return s, nil
}

func (s *shared) close() error {
	errs := []error{s.reader.close(), s.closeSockets()}
	s.mu.Lock()
	rest := s.leave(func(*binary) bool { return true })
	s.mu.Unlock()
	errs = append(errs, s.discard(rest...))
	s.mu.Lock()
	for len(s.binaries) > 0 { // that others discard
		s.detached.Wait()
	}
	s.mu.Unlock()
	return errors.Join(append(errs, s.loader.Close())...)
}

// lost counts for every session: the kernel side does not know whose event it lost.
func (s *shared) lost(reason events.Loss, n int64) {
	for _, session := range s.list() {
		session.options.Telemetry.Lost(reason, n)
	}
}

func (s *shared) list() []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions // never changed in place
}

func (s *shared) tick(now time.Time) {
	for _, session := range s.list() {
		session.flushOld(now)
	}
}

// chores runs when the ring buffer was just drained.
func (s *shared) chores(now time.Time) {
	if n := s.assembler.waiting.expire(now); n > 0 {
		s.lost(events.LossNoTarget, n)
	}
	s.countPropagations()
	before := s.losses
	if err := s.loader.Losses(s.losses[:]); err != nil {
		return
	}
	for i, reason := range events.KernelLosses {
		if n := s.losses[i] - before[i]; n > 0 {
			s.lost(reason, int64(n))
		}
	}
	if s.losses != before || s.assembler.suspects {
		s.dropEnded()
	}
}

// countPropagations counts for every session, as lost does.
func (s *shared) countPropagations() {
	before := s.propagations
	if err := s.loader.Propagations(s.propagations[:]); err != nil {
		return
	}
	for i, outcome := range events.Propagations {
		n := s.propagations[i] - before[i]
		if n == 0 {
			continue
		}
		for _, session := range s.list() {
			session.options.Telemetry.Propagated(outcome, int64(n))
		}
	}
}

// dropEnded forgets spans whose end was lost: those that the kernel side does not know
// any more, and whose end did not come between two looks either.
func (s *shared) dropEnded() {
	open, err := s.loader.OpenSpans()
	if err == nil {
		s.assembler.dropEnded(func(id pcommon.SpanID) bool { return open[id] })
	}
}

// binary returns the binary of a process, analysed, and counts it as a user.
func (s *shared) binary(p *discovery.Process, o Options) (*binary, error) {
	b, err := s.openBinary(p)
	if err != nil {
		return nil, err
	}
	s.analyses.Lock()
	b.analyse(s.libraries, o)
	s.analyses.Unlock()
	return b, nil
}

func (s *shared) openBinary(p *discovery.Process) (*binary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.binaries[p.File] != nil && s.binaries[p.File].leaving {
		s.detached.Wait()
	}
	if b, ok := s.binaries[p.File]; ok {
		b.users++
		return b, nil
	}
	if len(s.indices) == 0 {
		return nil, fmt.Errorf("%d different executables are traced already", loader.MaxBinaries)
	}
	file, err := p.Open()
	if err != nil {
		return nil, err
	}
	last := len(s.indices) - 1
	b := &binary{id: p.File, index: s.indices[last], path: p.Executable, file: file, users: 1, wide: attached{}, samplers: samplers{}}
	s.indices = s.indices[:last]
	s.binaries[p.File] = b
	return b, nil
}

// idleTime is how long the probes of a binary stay after its last process ended, so that
// a service that is restarted is traced from its first instruction.
const idleTime = 30 * time.Second

// leaveBinary counts a user less. Without any, the probes go: some time after the last
// process has died, at once when a session ends.
func (s *shared) leaveBinary(b *binary, p *process, session *Session) error {
	unused := func(other *binary) bool { return other == b && b.users == 0 }
	s.mu.Lock()
	b.users--
	var left []*binary
	if !p.died {
		left = s.leave(unused)
	} else if b.users == 0 {
		b.idle = session
		time.AfterFunc(idleTime, func() {
			s.mu.Lock()
			left := s.leave(unused)
			sessions := s.sessions
			s.mu.Unlock()
			if err := s.discard(left...); err != nil && len(sessions) > 0 {
				sessions[0].options.Logger.Warn("Executable was not detached cleanly", zap.Error(err))
			}
		})
	}
	s.mu.Unlock()
	return s.discard(left...)
}

// leave chooses binaries to discard, of those that nobody discards yet. s.mu is held.
func (s *shared) leave(which func(*binary) bool) (left []*binary) {
	for _, b := range s.binaries {
		if !b.leaving && which(b) {
			b.leaving = true
			left = append(left, b)
		}
	}
	return left
}

// discard takes the probes out of binaries that are not traced any more, and forgets them. s.mu is not
// held: it takes time, in which others go on.
func (s *shared) discard(left ...*binary) error {
	errs := make([]error, len(left))
	var discarding sync.WaitGroup
	for i, b := range left {
		discarding.Go(func() { errs[i] = s.discardOne(b) })
	}
	discarding.Wait()
	return errors.Join(errs...)
}

func (s *shared) discardOne(b *binary) error {
	errs := []error{b.wide.close()} // nobody else has it
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.described {
		errs = append(errs, s.loader.RemoveBinary(b.index, b.kernel))
	}
	delete(s.binaries, b.id)
	s.indices = append(s.indices, b.index)
	s.detached.Broadcast()
	return errors.Join(append(errs, b.file.Close())...)
}

// tracedKey is a process as long as it executes one file.
type tracedKey struct {
	pid  int
	file discovery.FileID
}

func (p *process) key() tracedKey { return tracedKey{p.PID, p.File} }

// tracedProcess is what sessions share of a process.
type tracedProcess struct {
	users    int
	own      attached        // probes in this process alone
	settings loader.Settings // of all sessions that have traced it
	samplers samplers        // of the users
}

// attach makes a process send events.
func (s *shared) attach(p *process, b *binary, o Options) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for b.closing > 0 { // the same probe twice would count twice
		s.detached.Wait()
	}
	traced := s.traced[p.key()]
	if traced == nil {
		traced = &tracedProcess{own: attached{}, samplers: samplers{}}
		s.traced[p.key()] = traced
	}
	traced.users++
	traced.settings |= o.settings
	traced.samplers.add(o.Sampler)
	if p.wide {
		b.wideUsers++
		b.samplers.add(o.Sampler)
	}
	if !b.described {
		if err := s.loader.AddBinary(b.index, b.kernel); err != nil {
			return err
		}
		b.described = true
	}
	// A process is traced as long as it has all probes: what starts then also has an end.
	err := s.attachProbes(p, b, traced, o)
	return errors.Join(err, s.trace(p, b, traced, o))
}

// trace makes a process a target, with the settings that all its sessions make.
func (s *shared) trace(p *process, b *binary, traced *tracedProcess, o Options) error {
	network, unknown := p.Network()
	if unknown != nil {
		o.Logger.Debug("Requests between local addresses are not joined", zap.Error(unknown))
	}
	sampler, err := s.sampler(traced.samplers)
	return errors.Join(err, s.loader.Trace(uint32(p.PID), b.index, traced.settings|sampler, network))
}

// traceAll makes the processes of a binary targets before they are known.
func (s *shared) traceAll(b *binary) error {
	sampler, err := s.sampler(b.samplers)
	return errors.Join(err, s.loader.TraceAll(b.index, true, b.settings|sampler))
}

func (s *shared) sampler(wanted samplers) (loader.Settings, error) {
	sampler := wanted.most()
	return s.loader.Sampler(loader.Sampler{Bound: sampler.bound(), ParentBased: sampler.parentBased()})
}

// attachProbes puts a session's probes into a process, or into all of its binary. s.mu is held.
func (s *shared) attachProbes(p *process, b *binary, traced *tracedProcess, o Options) error {
	if !p.wide || isOwn(b.file) {
		return traced.own.attach(s.loader, b, p.PID, o, b.wide)
	}
	// Of what this session puts into all processes of the binary, those that other
	// sessions have put into single ones would count twice.
	var errs []error
	for key, other := range s.traced {
		if key.file == b.id {
			errs = append(errs, other.own.take(o.wants).close())
		}
	}
	b.settings |= o.settings
	errs = append(errs, b.wide.attach(s.loader, b, 0, o, nil), s.traceAll(b))
	return errors.Join(errs...)
}

// detach undoes attach. Probes in all processes stay as long as the binary is used.
func (s *shared) detach(p *process, b *binary, o Options) error {
	s.mu.Lock()
	own, err := s.release(p, b, o)
	closing := 0
	if len(own) > 0 && !p.died {
		closing = 1
	}
	b.closing += closing
	s.mu.Unlock()

	err = errors.Join(err, own.close()) // it takes time, in which others go on

	s.mu.Lock()
	b.closing -= closing
	s.detached.Broadcast()
	s.mu.Unlock()
	return err
}

// release makes a process send no more events to a session, and returns the probes that are
// to be taken out of it then. s.mu is held.
func (s *shared) release(p *process, b *binary, o Options) (own attached, err error) {
	var errs []error
	if p.wide {
		changed := b.samplers.remove(o.Sampler)
		switch b.wideUsers--; {
		case b.wideUsers > 0 && changed && b.described && !isOwn(b.file):
			errs = append(errs, s.traceAll(b))
		case b.wideUsers == 0 && !p.died && b.described:
			b.settings = 0
			errs = append(errs, s.loader.TraceAll(b.index, false, 0))
		}
	}
	if traced := s.traced[p.key()]; traced != nil {
		changed := traced.samplers.remove(o.Sampler)
		if traced.users--; traced.users == 0 {
			if !p.died {
				errs = append(errs, s.loader.Ignore(uint32(p.PID)))
			}
			own = traced.own.take(all)
		} else if changed && !p.died {
			errs = append(errs, s.trace(p, b, traced, o))
		}
	}
	return own, errors.Join(errs...)
}

// forget frees the kernel side's state of a process that no session traces any more.
func (s *shared) forget(p *process) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	traced := s.traced[p.key()]
	if traced == nil || traced.users > 0 {
		return nil
	}
	delete(s.traced, p.key())
	for key := range s.traced {
		if key.pid == p.PID {
			return nil // it executes another file now
		}
	}
	return s.loader.Forget(uint32(p.PID))
}

// isOwn tells whether a file is this very program: its other processes may be targets,
// but no probe may sit in this one.
func isOwn(file *os.File) bool {
	own, err := os.Stat("/proc/self/exe")
	if err != nil {
		return false
	}
	other, err := file.Stat()
	return err == nil && os.SameFile(own, other)
}
