// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/socket"
)

// canWrite says what is against writing into targets; nil: nothing.
func (s *shared) canWrite() error {
	if can, reason := s.loader.CanWrite(); !can {
		return errors.New(reason)
	}
	return nil
}

// sockets is the socket layer, which is opened when a session first uses it.
type sockets struct {
	once sync.Once
	err  error
	way  atomic.Pointer[socket.Way]
}

// openSockets opens the socket layer, once, for the first session that uses it. The error
// says what is against that.
func (s *shared) openSockets() error {
	s.sockets.once.Do(func() {
		way, err := socket.Open(s.loader)
		if err != nil {
			s.sockets.err = err
			return
		}
		s.sockets.way.Store(way)
	})
	return s.sockets.err
}

// closeSockets lets all sockets go.
func (s *shared) closeSockets() error {
	if way := s.sockets.way.Swap(nil); way != nil {
		return way.Close()
	}
	return nil
}

// record takes one record of the ring buffer, which it does not keep.
func (s *shared) record(record []byte) {
	if len(record) == 0 || events.Type(record[0]) != events.TypeSocket {
		s.assembler.event(record)
		return
	}
	way := s.sockets.way.Load()
	if way == nil {
		return
	}
	if err := way.Event(record); err != nil {
		for _, session := range s.list() {
			session.options.Logger.Debug("Requests on a connection are not given a header", zap.Error(err))
		}
	}
}
