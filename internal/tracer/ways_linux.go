// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"sync"

	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/socket"
)

// canWrite says what is against writing into targets; nil: nothing.
func (s *shared) canWrite() error {
	if can, reason := s.loader.CanWrite(); !can {
		return errors.New(reason)
	}
	return nil
}

// sockets is the socket layer, once a session uses it.
type sockets struct {
	once sync.Once
	way  *socket.Way // nil: it is not open
	err  error       // what is against it
}

// openSockets opens the socket layer, for the first session that uses it. The error says
// what is against that.
func (s *shared) openSockets() error {
	s.sockets.once.Do(func() {
		way, err := socket.Open(s.loader)
		if err != nil {
			s.sockets.err = err
			return
		}
		s.reader.do(func() {
			s.sockets.way = way
			s.assembler.sockets = s.socketEvent
		})
	})
	return s.sockets.err
}

// socketEvent lets the socket layer do what the kernel side asks for. That it cannot is
// of interest to who looks for one request's header: the kernel side counts it.
func (s *shared) socketEvent(record []byte) {
	err := s.sockets.way.Event(record)
	if err == nil {
		return
	}
	for _, session := range s.list() {
		session.options.Logger.Debug("Socket is not given headers", zap.Error(err))
	}
}

// close frees it. No event comes any more.
func (s *sockets) close() error {
	if s.way == nil {
		return nil
	}
	return s.way.Close()
}
