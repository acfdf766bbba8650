// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errRefused = status.Error(codes.PermissionDenied, "the interceptor refuses")

// unaryInterceptors are the interceptors by name. They call with a derived context, twice, or not at all.
var unaryInterceptors = map[string]grpc.UnaryClientInterceptor{
	"derive": func(ctx context.Context, method string, request, answer interface{}, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		return invoke(context.WithValue(ctx, contextKey{}, "derived"), method, request, answer, conn, options...)
	},
	"twice": func(ctx context.Context, method string, request, answer interface{}, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		if err := invoke(ctx, method, request, answer, conn, options...); err != nil {
			return err
		}
		return invoke(ctx, method, request, answer, conn, options...)
	},
	"refuse": func(context.Context, string, interface{}, interface{}, *grpc.ClientConn, grpc.UnaryInvoker, ...grpc.CallOption) error {
		return errRefused
	},
}

// countingStream is a stream whose messages an interceptor sees, as people write it.
type countingStream struct {
	grpc.ClientStream
	sent int
}

func (s *countingStream) SendMsg(message interface{}) error {
	s.sent++
	return s.ClientStream.SendMsg(message)
}

// streamInterceptors are the same for streams.
var streamInterceptors = map[string]grpc.StreamClientInterceptor{
	"derive": func(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(context.WithValue(ctx, contextKey{}, "derived"), description, conn, method, options...)
		if err != nil {
			return nil, err
		}
		return &countingStream{ClientStream: stream}, nil
	},
	"twice": func(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		first, cancel := context.WithCancel(ctx)
		defer cancel() // nobody reads the first one to its end
		if _, err := open(first, description, conn, method, options...); err != nil {
			return nil, err
		}
		return open(ctx, description, conn, method, options...)
	},
	"refuse": func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption) (grpc.ClientStream, error) {
		return nil, errRefused
	},
}
