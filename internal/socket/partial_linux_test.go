// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// push writes like Go's runtime does: as much as the socket takes, and the rest when it can take more. It returns how
// often the kernel took a part only.
func (s *stream) push(sent []byte, largest int) (parts int) {
	s.t.Helper()
	raw, err := s.conn.SyscallConn()
	require.NoError(s.t, err)
	for len(sent) > 0 {
		message := sent[:min(len(sent), 1+rand.IntN(largest))]
		sent = sent[len(message):]
		err := raw.Write(func(fd uintptr) bool {
			for len(message) > 0 {
				n, err := unix.SendmsgN(int(fd), message, nil, nil, unix.MSG_DONTWAIT)
				if err != nil {
					require.ErrorIs(s.t, err, unix.EAGAIN)
					return false
				}
				if n < len(message) {
					parts++
				}
				message = message[n:]
			}
			return true
		})
		require.NoError(s.t, err)
	}
	return parts
}

// pull reads slowly, in pieces of random size.
func (s *stream) pull() <-chan []byte {
	received := make(chan []byte, 1)
	go func() {
		var all bytes.Buffer
		for {
			n, err := io.CopyN(&all, s.peer, int64(1+rand.IntN(100000)))
			if err != nil {
				break
			}
			time.Sleep(time.Duration(n/10) * time.Nanosecond) // a peer that is slower than the sender
		}
		received <- all.Bytes()
	}()
	return received
}

// took finds out which insertions took place, by their identifiers.
func took(received []byte, insertions []armed) func(armed) bool {
	done := map[uint64]bool{}
	for _, a := range insertions {
		done[a.request.Context.SpanID] = bytes.Contains(received, a.text)
	}
	return func(a armed) bool { return done[a.request.Context.SpanID] }
}

// TestPartialSends: a socket whose send buffer is full takes a part of a message, and the program sends the rest again.
// What arrives is what was sent, and insertions at their places.
func TestPartialSends(t *testing.T) {
	w := open(t)
	for name, random := range map[string]func(*testing.T, *Way, int) ([]byte, []armed){
		"frames": randomFrames, "lines": randomLines,
	} {
		t.Run(name, func(t *testing.T) {
			parts, inserted, left := 0, 0, 0
			for round := range 60 {
				s := watchNew(t, w)
				if round%3 > 0 {
					require.NoError(t, s.conn.SetWriteBuffer(16384<<rand.IntN(5)))
				}
				if round%2 > 0 {
					require.NoError(t, s.peer.SetReadBuffer(32768<<rand.IntN(4)))
				}
				if round%5 == 0 {
					require.NoError(t, unix.SetsockoptInt(number(t, s.conn), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, 1+rand.IntN(30000)))
				}
				sent, insertions := random(t, w, 500)
				for _, a := range insertions {
					s.arm(a.kind, a.offset, a.streamID, a.request)
				}
				received := s.pull()
				parts += s.push(sent, 200000)
				require.NoError(t, s.conn.CloseWrite())
				all := <-received
				chosen := took(all, insertions)
				require.True(t, bytes.Equal(expect(sent, insertions, chosen), all))
				for _, a := range insertions {
					if chosen(a) {
						inserted++
					} else if a.possible {
						left++
					}
				}
				require.NotEqual(t, lost, s.state().State)
				require.NoError(t, s.conn.Close())
				require.NoError(t, s.peer.Close())
			}
			assert.NotZero(t, parts)
			assert.NotZero(t, inserted)
			assert.NotZero(t, left)
		})
	}
}
