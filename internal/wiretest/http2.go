// SPDX-License-Identifier: Apache-2.0

package wiretest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"sync"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Frame is a frame of a stream.
type Frame struct {
	Type    http2.FrameType
	Flags   http2.Flags
	Payload []byte
}

// maxStreams is how many streams a client may have open at a time.
const maxStreams = 4096

// HTTP2 answers each request with 200, and each call of gRPC with one message for each that came.
func HTTP2(p *Peer, conn net.Conn) Connection {
	c := newHTTP2Conn(p, conn)
	err := c.serve()
	c.answers.Wait()
	if !isEnd(err) {
		c.fault("%v", err)
	}
	for _, stream := range c.order {
		stream.Incomplete = !stream.ended
		c.came.Messages = append(c.came.Messages, stream.Message)
	}
	c.came.Size = len(c.conn.read)
	return c.came
}

type http2Conn struct {
	peer    *Peer
	conn    *recorder
	read    *http2.Framer
	blocks  blocks
	came    Connection
	streams map[uint32]*stream
	order   []*stream
	current *stream // whose header block is not whole yet
	answers sync.WaitGroup

	mu     sync.Mutex // of what writes
	write  *http2.Framer
	encode *hpack.Encoder
	buffer bytes.Buffer
}

// stream is a message that comes.
type stream struct {
	Message
	id     uint32
	pieces []piece // of the header block
	ended  bool
}

func newHTTP2Conn(p *Peer, conn net.Conn) *http2Conn {
	r := &recorder{Conn: conn}
	c := &http2Conn{peer: p, conn: r, read: http2.NewFramer(io.Discard, r), streams: map[uint32]*stream{}, blocks: newBlocks()}
	// Frames as large as a client may send; Framer holds them to the order that the protocol asks for.
	c.read.SetMaxReadFrameSize(maxFrameSize)
	c.write = http2.NewFramer(conn, nil)
	c.encode = hpack.NewEncoder(&c.buffer)
	return c
}

func (c *http2Conn) fault(format string, args ...any) {
	c.came.Faults = append(c.came.Faults, fmt.Sprintf(format, args...))
}

// serve returns the error that ended the connection.
func (c *http2Conn) serve() error {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(c.conn, preface); err != nil || string(preface) != http2.ClientPreface {
		return fmt.Errorf("%q is not the preface: %w", preface, err)
	}
	if err := c.greet(); err != nil {
		return err
	}
	for {
		frame, err := c.read.ReadFrame()
		if err != nil {
			return err
		}
		if err := c.frame(frame); err != nil {
			return err
		}
	}
}

// greet lets the client send whatever it has, at once, so that windows do not decide how DATA is cut into frames.
func (c *http2Conn) greet() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.write.WriteSettings(
		http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: maxStreams},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: math.MaxInt32},
	)
	return errors.Join(err, c.write.WriteWindowUpdate(0, math.MaxInt32-65535))
}

func (c *http2Conn) frame(frame http2.Frame) error {
	switch f := frame.(type) {
	case *http2.SettingsFrame:
		if f.IsAck() {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.write.WriteSettingsAck()
	case *http2.PingFrame:
		if f.IsAck() {
			return nil
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.write.WritePing(true, f.Data)
	case *http2.HeadersFrame:
		s := &stream{id: f.StreamID, ended: f.StreamEnded()}
		c.streams[s.id] = s
		c.order = append(c.order, s)
		return c.block(s, f.Header(), f.HeaderBlockFragment())
	case *http2.ContinuationFrame:
		return c.block(c.current, f.Header(), f.HeaderBlockFragment())
	case *http2.DataFrame:
		s := c.streams[f.StreamID]
		if s == nil {
			return fmt.Errorf("DATA of stream %d, which has no HEADERS", f.StreamID)
		}
		s.addData(f)
		if s.ended = f.StreamEnded(); s.ended {
			c.answer(s)
		}
		return nil
	case *http2.WindowUpdateFrame, *http2.RSTStreamFrame, *http2.GoAwayFrame:
		return nil // when they come depends on time
	}
	return fmt.Errorf("clients do not send %v", frame)
}

// block takes a piece of the header block of a stream.
func (c *http2Conn) block(s *stream, header http2.FrameHeader, fragment []byte) error {
	c.current = s
	s.pieces = append(s.pieces, piece{header, bytes.Clone(fragment)})
	if !header.Flags.Has(http2.FlagHeadersEndHeaders) {
		return nil
	}
	c.current = nil
	if err := c.blocks.take(s); err != nil {
		return fmt.Errorf("stream %d: %w", s.id, err)
	}
	if s.field("expect") != "" {
		if err := c.writeHeaders(s.id, false, hpack.HeaderField{Name: ":status", Value: "100"}); err != nil {
			return err
		}
	}
	if s.ended {
		c.answer(s)
	}
	return nil
}

// addData takes a frame of data. How gRPC cuts messages into frames depends on time: consecutive frames are one.
func (s *stream) addData(f *http2.DataFrame) {
	last := &s.Frames[len(s.Frames)-1]
	if s.isCall() && last.Type == http2.FrameData {
		last.Flags |= f.Flags
		last.Payload = append(last.Payload, f.Data()...)
		return
	}
	s.Frames = append(s.Frames, Frame{f.Type, f.Flags, bytes.Clone(f.Data())})
}

// answer answers a request that is whole.
func (c *http2Conn) answer(s *stream) {
	_, answer := c.peer.arrived(s.ID)
	c.answers.Go(func() {
		<-answer
		if err := c.respond(s); err != nil && !isEnd(err) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.fault("answer %s: %v", s.ID, err)
		}
	})
}

func (c *http2Conn) respond(s *stream) error {
	status := hpack.HeaderField{Name: ":status", Value: "200"}
	if !s.isCall() {
		return errors.Join(c.writeHeaders(s.id, false, status), c.writeData(s.id, true, []byte("ok")))
	}
	err := c.writeHeaders(s.id, false, status, hpack.HeaderField{Name: "content-type", Value: "application/grpc"})
	for range s.messages() {
		err = errors.Join(err, c.writeData(s.id, false, []byte("\x00\x00\x00\x00\x04\x0a\x02ok")))
	}
	return errors.Join(err, c.writeHeaders(s.id, true, hpack.HeaderField{Name: "grpc-status", Value: "0"}))
}

func (c *http2Conn) writeHeaders(stream uint32, end bool, fields ...hpack.HeaderField) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buffer.Reset()
	for _, field := range fields {
		if err := c.encode.WriteField(field); err != nil {
			return err
		}
	}
	return c.write.WriteHeaders(http2.HeadersFrameParam{
		StreamID: stream, BlockFragment: c.buffer.Bytes(), EndHeaders: true, EndStream: end,
	})
}

func (c *http2Conn) writeData(stream uint32, end bool, data []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write.WriteData(stream, end, data)
}
