// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// exchange is one call.
type exchange struct {
	command
	ctx      context.Context
	cancel   context.CancelFunc
	conn     *grpc.ClientConn
	options  []grpc.CallOption
	method   string
	messages []string
	result   *result
}

// unary is what protoc-gen-go-grpc generates for a unary method.
func (x *exchange) unary() error {
	var request string
	if len(x.messages) > 0 {
		request = x.messages[0]
	}
	answer := new(wrapperspb.StringValue)
	if err := x.conn.Invoke(x.ctx, x.method, wrapperspb.String(request), answer, x.options...); err != nil {
		return err
	}
	x.result.Messages = []string{answer.GetValue()}
	return nil
}

// abandoned are the streams that are left open, with what keeps them so.
var abandoned []*exchange

// stream opens a stream and talks on it.
func (x *exchange) stream() error {
	description := &grpc.StreamDesc{
		StreamName:    x.method,
		ServerStreams: x.Stream != "client",
		ClientStreams: x.Stream != "server",
	}
	stream, err := x.conn.NewStream(x.ctx, description, x.method, x.options...)
	if err != nil {
		x.cancel()
		return err
	}
	if x.Elsewhere {
		defer x.cancel()
		return x.talkFromTwo(stream)
	}
	if x.Leave == "" {
		defer x.cancel()
	}
	return x.talk(stream)
}

// talk sends and receives on one goroutine, to the end of the stream or until it is to be left.
func (x *exchange) talk(stream grpc.ClientStream) error {
	for i, message := range x.messages {
		if err := send(stream, message); err != nil {
			return err
		}
		if x.Stream == "bidi" {
			if err := x.receive(stream); err != nil {
				return err
			}
			if i == 0 {
				x.performBetween()
				if x.Leave != "" {
					return x.leave()
				}
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if x.Stream == "client" {
		return x.receive(stream) // it ends with the one answer
	}
	for i := 0; ; i++ {
		if err := x.receive(stream); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if i == 0 && x.Stream == "server" {
			x.performBetween()
			if x.Leave != "" {
				return x.leave()
			}
		}
	}
}

// talkFromTwo sends on this goroutine and receives to the end of the stream on another one.
func (x *exchange) talkFromTwo(stream grpc.ClientStream) error {
	received := make(chan error, 1) // nobody waits for it where sending fails
	go func() {
		for {
			if err := x.receive(stream); err != nil {
				received <- err
				return
			}
		}
	}()
	for _, message := range x.messages {
		if err := send(stream, message); err != nil {
			return err
		}
	}
	x.performBetween()
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := <-received; !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// performBetween performs the commands that come while the stream is open.
func (x *exchange) performBetween() {
	for _, c := range x.Between {
		x.result.Between = append(x.result.Between, c.perform())
	}
}

// leave gives the stream up without a look at its end.
func (x *exchange) leave() error {
	switch x.Leave {
	case "cancel": // the context
		x.cancel()
		return nil
	case "close": // the channel
		return x.conn.Close()
	case "open": // all of it, as long as the process lives
		abandoned = append(abandoned, x)
		return nil
	}
	return status.Errorf(codes.InvalidArgument, "no way to leave a stream: %q", x.Leave)
}

func send(stream grpc.ClientStream, message string) error {
	err := stream.SendMsg(wrapperspb.String(message))
	if !errors.Is(err, io.EOF) {
		return err
	}
	// The stream is over already, RecvMsg says how (grpc.ClientStream).
	return stream.RecvMsg(new(wrapperspb.StringValue))
}

func (x *exchange) receive(stream grpc.ClientStream) error {
	answer := new(wrapperspb.StringValue)
	if err := stream.RecvMsg(answer); err != nil {
		return err
	}
	x.result.Messages = append(x.result.Messages, answer.GetValue())
	return nil
}
