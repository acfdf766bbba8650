// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
)

// joinKey, join and joined are the structs of the names join_key, join and joined in
// bpf/include/join.h.
type (
	joinKey struct {
		Client, Server         [16]byte
		ClientPort, ServerPort uint16
		StreamID               uint32
		Network                uint64
	}
	join struct {
		TraceID          [16]byte
		SpanID, TGID     uint64
		StreamID         uint32
		ClientPort       uint16
		Sampled, Padding uint8
	}
	joined struct {
		Key  joinKey
		TGID uint64
	}
)

// ForgetJoins takes back what a process noted for the servers of its requests. It is called as soon as
// the process is known to have ended, before somebody else gets its ports.
func (l *Loader) ForgetJoins(tgid uint32) error {
	ended := map[uint64]joinKey{} // by span
	err := eachState(l.maps["joined"], func(span uint64, noted *joined) {
		if noted.TGID == uint64(tgid) {
			ended[span] = noted.Key
		}
	})
	if err != nil {
		return fmt.Errorf("map joined: %w", err)
	}
	for span, key := range ended {
		var found join
		failure := l.maps["joins"].Lookup(key, &found)
		if failure == nil && found.SpanID == span {
			failure = l.maps["joins"].Delete(key)
		}
		if gone := l.maps["joined"].Delete(span); failure == nil {
			failure = gone
		}
		if failure != nil && !errors.Is(failure, ebpf.ErrKeyNotExist) {
			err = errors.Join(err, fmt.Errorf("maps joins and joined: %w", failure))
		}
	}
	return err
}
