// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// armed is an insertion that a test arms.
type armed struct {
	kind     uint8
	offset   int // in what is sent
	end      int // where it goes
	streamID uint32
	request  outgoing
	text     []byte
	possible bool // unless it is split
}

// flags of frames, RFC 9113.
const (
	frameData, frameHeaders, framePriority, frameSettings, framePing, frameContinuation = 0, 1, 2, 4, 6, 9

	flagEndStream, flagEndHeaders, flagPadded, flagPriority = 1, 4, 8, 0x20
)

func appendFrame(sent []byte, kind, flags uint8, streamID uint32, length int) []byte {
	sent = append(sent, byte(length>>16), byte(length>>8), byte(length), kind, flags)
	sent = binary.BigEndian.AppendUint32(sent, streamID)
	for range length {
		sent = append(sent, byte(rand.Uint32()))
	}
	return sent
}

// randomFrames returns frames of all kinds, with an insertion into some of the HEADERS.
func randomFrames(t *testing.T, w *Way, count int) ([]byte, []armed) {
	var sent []byte
	var insertions []armed
	streamID := uint32(1)
	for range count {
		length := rand.IntN(200)
		if rand.IntN(10) == 0 {
			length = rand.IntN(16385)
		}
		switch rand.IntN(6) {
		case 0:
			sent = appendFrame(sent, frameData, uint8(rand.IntN(2)), streamID, length)
			continue
		case 1:
			sent = appendFrame(sent, []uint8{framePriority, frameSettings, framePing, frameContinuation}[rand.IntN(4)], 0, 0, length)
			continue
		}
		streamID += 2
		flags := uint8(rand.IntN(2) * flagEndStream)
		flags |= []uint8{flagEndHeaders, flagEndHeaders, flagEndHeaders | flagPriority, flagEndHeaders | flagPadded, 0}[rand.IntN(5)]
		offset := len(sent)
		sent = appendFrame(sent, frameHeaders, flags, streamID, length)
		if rand.IntN(4) == 0 {
			continue
		}
		a := armed{kind: kindFrame, offset: offset, end: len(sent), streamID: streamID, request: newRequest()}
		tracestate := ""
		if rand.IntN(3) == 0 {
			tracestate = strings.Repeat("a=b,", 1+rand.IntN(127))
			w.setTracestate(t, &a.request, tracestate)
		}
		a.text = a.request.field(tracestate)
		a.possible = flags&flagEndHeaders != 0 && flags&flagPadded == 0 && length+len(a.text) <= 16384
		insertions = append(insertions, a)
	}
	return sent, insertions
}

// randomLines returns header blocks and bodies, with an insertion behind some of the lines.
func randomLines(t *testing.T, w *Way, count int) ([]byte, []armed) {
	var sent []byte
	var insertions []armed
	for range count {
		sent = append(sent, "Name: "...)
		for range rand.IntN(120) {
			sent = append(sent, byte(' '+rand.IntN(90)))
		}
		sent = append(sent, "\r\n"...)
		if rand.IntN(3) == 0 {
			a := armed{kind: kindLine, offset: len(sent), end: len(sent), request: newRequest(), possible: true}
			tracestate := ""
			if rand.IntN(3) == 0 {
				tracestate = strings.Repeat("a=b,", 1+rand.IntN(127))
				w.setTracestate(t, &a.request, tracestate)
			}
			a.text = a.request.line(tracestate)
			insertions = append(insertions, a)
		}
		if rand.IntN(20) == 0 {
			sent = append(sent, make([]byte, rand.IntN(100000))...)
		}
	}
	return append(sent, "\r\n"...), insertions
}

// begin is where a message must begin at the latest to show the place of an insertion.
func (a armed) begin() int {
	if a.kind == kindLine {
		return a.offset - 2
	}
	return a.offset
}

// split cuts a stream into random messages and returns their ends.
func split(length int) []int {
	var ends []int
	largest := []int{10, 100, 1000, 5000, 50000, 400000}[rand.IntN(6)]
	for end := 0; end < length; {
		end = min(end+1+rand.IntN(largest), length)
		ends = append(ends, end)
	}
	return ends
}

// inOne tells whether one of the messages has all that an insertion needs.
func (a armed) inOne(ends []int) bool {
	begin := 0
	for _, end := range ends {
		if a.begin() >= begin && a.offset < end {
			return a.end <= end
		}
		begin = end
	}
	return false
}

// expect returns what the peer must receive when the insertions that are chosen take place.
func expect(sent []byte, insertions []armed, chosen func(armed) bool) []byte {
	var received []byte
	at := 0
	for _, a := range insertions {
		if !chosen(a) {
			continue
		}
		begin := len(received) + a.offset - at
		received = append(received, sent[at:a.end]...)
		if a.kind == kindFrame {
			length := a.end - a.offset - 9 + len(a.text)
			received[begin], received[begin+1], received[begin+2] = byte(length>>16), byte(length>>8), byte(length)
		}
		received = append(received, a.text...)
		at = a.end
	}
	return append(received, sent[at:]...)
}

// transfer sends messages, the last one followed by the end of the stream, and returns what arrives.
func (s *stream) transfer(sent []byte, ends []int) []byte {
	s.t.Helper()
	received := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(s.peer)
		received <- all
	}()
	begin := 0
	for _, end := range ends {
		_, err := s.conn.Write(sent[begin:end])
		require.NoError(s.t, err)
		begin = end
	}
	require.NoError(s.t, s.conn.CloseWrite())
	return <-received
}

// TestInsertions: whatever is sent, and however it is cut into messages, what arrives is what was sent, and every
// insertion whose place is in one message.
func TestInsertions(t *testing.T) {
	w := open(t)
	for name, random := range map[string]func(*testing.T, *Way, int) ([]byte, []armed){
		"frames": randomFrames, "lines": randomLines,
	} {
		t.Run(name, func(t *testing.T) {
			inserted := 0
			for range 300 {
				s := watchNew(t, w)
				sent, insertions := random(t, w, 1+rand.IntN(80))
				ends := split(len(sent))
				for _, a := range insertions {
					s.arm(a.kind, a.offset, a.streamID, a.request)
				}
				before := w.outcomes(t)
				chosen := func(a armed) bool { return a.possible && a.inOne(ends) }
				expected := expect(sent, insertions, chosen)
				received := s.transfer(sent, ends)
				require.True(t, bytes.Equal(expected, received), "%d bytes for %d", len(received), len(expected))
				counts := w.outcomes(t)
				now := 0
				for _, a := range insertions {
					if chosen(a) {
						now++
					}
				}
				require.Equal(t, now, int(counts[outcomeInserted]-before[outcomeInserted]))
				require.Equal(t, len(insertions)-now, int(counts[outcomeSplit]-before[outcomeSplit]+counts[outcomeNoRoom]-before[outcomeNoRoom]))
				require.NotEqual(t, lost, s.state().State)
				inserted += now
				require.NoError(t, s.conn.Close())
				require.NoError(t, s.peer.Close())
			}
			assert.NotZero(t, inserted)
		})
	}
}
