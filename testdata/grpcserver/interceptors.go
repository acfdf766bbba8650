// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// interceptors are the server's options for what goes around handlers.
func interceptors(recovering, chain bool) (options []grpc.ServerOption) {
	if recovering {
		options = append(options, grpc.ChainUnaryInterceptor(recoverUnary), grpc.ChainStreamInterceptor(recoverStream))
	}
	if chain {
		for _, name := range []string{"value", "chain", "cancel"} {
			options = append(options, grpc.ChainUnaryInterceptor(deriveUnary(name)), grpc.ChainStreamInterceptor(deriveStream(name)))
		}
	}
	return options
}

func recoverUnary(ctx context.Context, request interface{}, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (_ interface{}, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = status.Errorf(codes.Internal, "recovered: %v", reason)
		}
	}()
	return handle(ctx, request)
}

func recoverStream(server interface{}, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = status.Errorf(codes.Internal, "recovered: %v", reason)
		}
	}()
	return handle(server, stream)
}

// deriveUnary gives handlers a context that is wrapped by name (contexts.go).
func deriveUnary(name string) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, request interface{}, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (interface{}, error) {
		ctx, cancel, err := wrap(ctx, name)
		if err != nil {
			return nil, err
		}
		defer cancel()
		return handle(ctx, request)
	}
}

// derivedStream is a stream with another context, as people write it.
type derivedStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *derivedStream) Context() context.Context { return s.ctx }

func deriveStream(name string) grpc.StreamServerInterceptor {
	return func(server interface{}, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		ctx, cancel, err := wrap(stream.Context(), name)
		if err != nil {
			return err
		}
		defer cancel()
		return handle(server, &derivedStream{stream, ctx})
	}
}
