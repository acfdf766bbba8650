// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
)

// Session traces the processes that one receiver asks for.
type Session struct {
	options     Options
	propagation propagation
	shared      *shared
	batch       *batch // of the reader's goroutine

	mu        sync.Mutex
	processes map[int]*process
	running   sync.WaitGroup
}

// process is one traced process of a session. It has a goroutine of its own, for the
// analysis of a binary takes time in which others come and go.
type process struct {
	*discovery.Process
	override resource.Override
	wide     bool
	previous *process      // that had the same pid
	ended    chan struct{} // closed when it is not to be traced any more
	died     bool          // because the process is gone; set before ended is closed
	finished chan struct{} // closed when nothing is left of it
}

// Open begins a session. The first one loads the kernel side: the error then names what
// the kernel or the privileges lack.
func Open(o Options) (*Session, error) {
	s := &Session{options: o, batch: newBatch(), processes: map[int]*process{}}
	shared, err := acquire(s)
	if err != nil {
		return nil, err
	}
	s.shared = shared
	s.choosePropagation()
	return s, nil
}

// choosePropagation says once what is against what the session wants.
func (s *Session) choosePropagation() {
	o := &s.options
	s.propagation = o.Propagation.Mode.choose(s.shared.canWrite(), s.shared.openSockets)
	o.settings = s.propagation.way.settings()
	for _, format := range o.Propagation.Formats {
		o.settings |= format.settings()
	}
	log := o.Logger.With(zap.String("mode", string(o.Propagation.Mode)), zap.String("way", string(s.propagation.way)), zap.Error(s.propagation.refusal))
	switch {
	case s.propagation.refusal == nil:
	case s.propagation.way == WayNone:
		log.Warn("Trace context is not passed on to other processes")
	default:
		log.Info("Trace context is not passed on in the best way")
	}
}

// Trace begins to trace a process. With wide, all processes of its binary are targets, so
// that those that start later can be traced from their first instruction.
func (s *Session) Trace(p *discovery.Process, override resource.Override, wide bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	traced := &process{
		Process: p, override: override, wide: wide, previous: s.processes[p.PID],
		ended: make(chan struct{}), finished: make(chan struct{}),
	}
	s.processes[p.PID] = traced
	s.running.Add(1)
	go s.run(traced)
}

// Exited ends the tracing of a process that Trace began: it ended, executes another
// program, or is not a target any more.
func (s *Session) Exited(p *discovery.Process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if traced := s.processes[p.PID]; traced != nil && traced.Process == p {
		delete(s.processes, p.PID)
		traced.died = !runs(p)
		close(traced.ended)
	}
}

// runs tells whether a process still executes the program that it was traced with.
func runs(p *discovery.Process) bool {
	file, err := p.Open()
	if err != nil {
		return false
	}
	file.Close()
	return true
}

// Close detaches from all processes and hands on what has been collected. The context
// bounds the time that it waits for that.
func (s *Session) Close(ctx context.Context) error {
	s.mu.Lock()
	for pid, traced := range s.processes {
		delete(s.processes, pid)
		close(traced.ended)
	}
	s.mu.Unlock()
	closed := make(chan error, 1)
	go func() {
		s.running.Wait()
		s.shared.reader.do(s.flush)
		closed <- release(s)
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Session) run(p *process) {
	defer s.running.Done()
	defer close(p.finished)
	if p.previous != nil {
		<-p.previous.finished
		p.previous = nil
	}
	log := s.options.Logger.With(zap.Int("pid", p.PID), zap.String("executable", p.Executable))
	b, err := s.shared.binary(p.Process, s.options)
	if err != nil {
		log.Info("Process is not traced", zap.Error(err))
		<-p.ended
		return
	}
	if b.outcome == BinaryTraced {
		s.trace(p, b, log)
	} else {
		log.Info("Process is not traced", zap.String("reason", string(b.outcome)))
		<-p.ended
	}
	if err := s.shared.leaveBinary(b, p, s); err != nil {
		log.Warn("Executable was not detached cleanly", zap.Error(err))
	}
}

// trace traces a process until it ends.
func (s *Session) trace(p *process, b *binary, log *zap.Logger) {
	tgid := uint32(p.PID)
	o := &output{session: s, resource: s.describe(p, b, log)}
	known := s.shared.reader.do(func() {
		s.shared.assembler.add(tgid, &target{types: b.types, constants: b.constants, outputs: []*output{o}, open: map[pcommon.SpanID]*openSpan{}})
	})
	if !known {
		return
	}
	err := s.shared.attach(p, b, s.options)
	s.countTarget(1)
	if err != nil {
		s.options.Telemetry.Binary(BinaryFailed, 0)
		log.Error("Process is not traced, or in part", zap.Error(err))
	} else {
		log.Info("Process is traced", zap.String("service", service(o.resource)),
			zap.String("propagation", string(s.propagation.way)), zap.String("propagation_reason", string(s.propagation.reason)))
	}
	<-p.ended
	if err := s.end(p, b, o); err != nil {
		log.Warn("Process was not left cleanly", zap.Error(err))
	}
	s.countTarget(-1)
	log.Info("Process is not traced any more", zap.Bool("ended", p.died))
}

func (s *Session) countTarget(delta int64) {
	s.options.Telemetry.Targets(delta)
	s.options.Telemetry.PropagationTargets(s.propagation.way, s.propagation.reason, delta)
}

func (s *Session) describe(p *process, b *binary, log *zap.Logger) pcommon.Resource {
	environ, err := p.Environ()
	if err != nil {
		log.Debug("Environment cannot be read", zap.Error(err))
	}
	res := pcommon.NewResource()
	resource.Of(p.Process, environ, b.build, p.override, res)
	return res
}

func service(res pcommon.Resource) string {
	name, _ := res.Attributes().Get("service.name")
	return name.AsString()
}

// end undoes trace. The reader first sees all that the process still did.
func (s *Session) end(p *process, b *binary, o *output) error {
	err := s.shared.detach(p, b, s.options)
	if p.died {
		err = errors.Join(err, s.shared.loader.ForgetJoins(uint32(p.PID)))
	}
	s.shared.reader.do(func() {
		if p.died {
			s.shared.assembler.died(uint32(p.PID), o, bootTime())
		} else {
			s.shared.assembler.leave(uint32(p.PID), o)
		}
	})
	return errors.Join(err, s.shared.forget(p))
}

// bootTime is the present time on the clock of events.
func bootTime() uint64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		return 0
	}
	return uint64(now.Nano())
}
