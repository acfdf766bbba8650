// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// streams are the methods that are streams by their nature, one of each kind.
var streams = []grpc.StreamDesc{
	{StreamName: "Gather", ClientStreams: true, Handler: gather},
	{StreamName: "List", ServerStreams: true, Handler: list},
	{StreamName: "Chat", ServerStreams: true, ClientStreams: true, Handler: chat},
}

// gather answers all messages of a stream with one.
func gather(_ interface{}, stream grpc.ServerStream) error {
	var texts []string
	for {
		message := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(message); errors.Is(err, io.EOF) {
			return stream.SendMsg(wrapperspb.String(strings.Join(texts, " ")))
		} else if err != nil {
			return err
		}
		texts = append(texts, message.GetValue())
	}
}

// list answers a number with as many messages, "0" first. A negative one is a stream without end: a
// message every millisecond, until the client is gone.
func list(_ interface{}, stream grpc.ServerStream) error {
	request := new(wrapperspb.StringValue)
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	n, err := strconv.Atoi(request.GetValue())
	if err != nil {
		return status.Error(codes.InvalidArgument, "not a number")
	}
	for i := 0; i != n; i++ {
		if err := stream.SendMsg(wrapperspb.String(strconv.Itoa(i))); err != nil {
			return err
		}
		if n < 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// chat answers each message with the same text, until the client has no more.
func chat(_ interface{}, stream grpc.ServerStream) error {
	for {
		message := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
}

// answerUnknown echoes one message after the duration that the message is, for any method.
func answerUnknown(_ interface{}, stream grpc.ServerStream) error {
	message := new(wrapperspb.StringValue)
	if err := stream.RecvMsg(message); err != nil {
		return err
	}
	if d, err := time.ParseDuration(message.GetValue()); err == nil {
		time.Sleep(d)
	}
	return stream.SendMsg(message)
}
