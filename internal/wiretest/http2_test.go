// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const field = "\x10\x0btraceparent\x3700-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

// block is a header block as Go's clients encode it, the first one of a connection.
func block(t *testing.T, more ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for _, f := range append([]string{":method GET", ":path /a"}, more...) {
		name, value, _ := strings.Cut(f, " ")
		require.NoError(t, e.WriteField(hpack.HeaderField{Name: name, Value: value}))
	}
	return b.Bytes()
}

// The peer knows a field that was added behind a header block from all else that may have been done to it.
func TestHTTP2Blocks(t *testing.T) {
	large := block(t, "x-large "+strings.Repeat("~", 20_000))
	for name, test := range map[string]struct {
		block  []byte
		frames []int // the sizes into which it is cut, the last one takes the rest
		added  bool
		fault  bool
	}{
		"own":                   {block(t), nil, false, false},
		"added":                 {append(block(t), field...), nil, true, false},
		"added, with state":     {append(block(t), field+"\x10\x0atracestate\x03a=b"...), nil, true, false},
		"two frames":            {large, []int{maxFrameSize}, false, false},
		"two frames, added":     {append(bytes.Clone(large), field...), []int{maxFrameSize}, true, false},
		"cut elsewhere":         {large, []int{maxFrameSize - 1}, false, true},
		"cut too often":         {block(t), []int{5}, false, true},
		"cut too often, added":  {append(block(t), field...), []int{len(block(t))}, true, true},
		"indexed":               {append(block(t), "\x40"+field[1:]...), nil, false, true},
		"not never indexed":     {append(block(t), "\x00"+field[1:]...), nil, false, true},
		"twice":                 {append(block(t), field+field...), nil, true, true},
		"in front":              {append([]byte(field), block(t)...), nil, false, true},
		"truncated":             {append(block(t), field[:len(field)-1]...), nil, false, true},
		"length is not correct": {append(block(t), field+"0"...), nil, false, true},
		"own, coded otherwise":  {append(block(t), "\x00\x01a\x01b"...), nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			peer := Listen(t, HTTP2)
			conn, err := net.Dial("tcp", peer.Address())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, http2.ClientPreface)
			require.NoError(t, err)
			framer := http2.NewFramer(conn, conn)
			require.NoError(t, framer.WriteSettings())
			rest := test.block
			for i, size := range append(test.frames, len(rest)) {
				fragment := rest[:min(size, len(rest))]
				rest = rest[len(fragment):]
				if i == 0 {
					err = framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fragment, EndStream: true, EndHeaders: len(rest) == 0})
				} else {
					err = framer.WriteContinuation(1, len(rest) == 0, fragment)
				}
				require.NoError(t, err)
			}
			require.NoError(t, conn.(*net.TCPConn).CloseWrite())
			_, _ = io.Copy(io.Discard, conn) // until the peer has read all of it
			came := peer.Take()
			require.Len(t, came, 1)
			require.Len(t, came[0].Messages, 1)
			assert.Equal(t, test.added, came[0].Messages[0].Added != nil)
			assert.Equal(t, test.fault, len(came[0].Faults) > 0, "%v", came[0].Faults)
		})
	}
}
