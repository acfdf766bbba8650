// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// grpcCall calls a method of testdata/grpcserver, all clients on one connection.
type grpcCall struct {
	address, method string
	message         string
	stream          bool // as a stream of one message and one answer
	parent          string
}

// unsampled is the same without spans.
func (g grpcCall) unsampled() protocol {
	g.parent = unsampledParent
	return g
}

func (g grpcCall) connect() (func() (*exchange, error), func(), error) {
	conn, err := grpc.NewClient("passthrough:///"+g.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, nil, err
	}
	call := g.unary
	if g.stream {
		call = g.streamed
	}
	ctx := metadata.AppendToOutgoingContext(context.Background(), "traceparent", g.parent)
	open := func() (*exchange, error) {
		return &exchange{shared, func() error { return call(ctx, conn) }}, nil
	}
	return open, func() { conn.Close() }, nil
}

func (g grpcCall) unary(ctx context.Context, conn *grpc.ClientConn) error {
	return conn.Invoke(ctx, g.method, wrapperspb.String(g.message), new(wrapperspb.StringValue))
}

func (g grpcCall) streamed(ctx context.Context, conn *grpc.ClientConn) error {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, g.method)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(wrapperspb.String(g.message)); err != nil {
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	answer := new(wrapperspb.StringValue)
	if err := stream.RecvMsg(answer); err != nil {
		return err
	}
	if err := stream.RecvMsg(answer); !errors.Is(err, io.EOF) {
		return errors.New("the stream does not end with its answer")
	}
	return nil
}
