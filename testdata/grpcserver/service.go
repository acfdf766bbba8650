// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// The services. Both have all methods of the table: example.Unary as unary calls, example.Stream as
// streams that take one message and answer with one. example.Stream also has those of streams.go.
const (
	unaryService  = "example.Unary"
	streamService = "example.Stream"
)

// method answers a request. Requests and answers are texts, google.protobuf.StringValue.
type method func(ctx context.Context, request string) (string, error)

// register registers the services without generated code, which would want a version of grpc.
func register(server *grpc.Server) {
	unary := &grpc.ServiceDesc{ServiceName: unaryService, HandlerType: (*interface{})(nil)}
	stream := &grpc.ServiceDesc{ServiceName: streamService, HandlerType: (*interface{})(nil), Streams: streams}
	for name, do := range map[string]method{
		"Echo": echo, "Large": large, "Sleep": sleep, "Wait": wait, "Late": late,
		"Status": withStatus, "Error": fail,
		"Panic": panicString, "PanicError": panicError, "Goexit": goexit, "Die": die,
		"Stop": stopping(server.Stop), "GracefulStop": stopping(server.GracefulStop),
		"Deep": deep, "Collect": collectGarbage, "Flaky": flaky,
		"Call": call, "CallGoroutine": callGoroutine, "CallBackground": callBackground, "CallPool": callPool,
		"Get": get,
	} {
		unary.Methods = append(unary.Methods, unaryMethod(name, do))
		stream.Streams = append(stream.Streams, streamMethod(name, do))
	}
	server.RegisterService(unary, struct{}{})
	server.RegisterService(stream, struct{}{})
}

// unaryMethod is what protoc-gen-go-grpc generates for a unary method.
func unaryMethod(name string, do method) grpc.MethodDesc {
	handle := func(ctx context.Context, request interface{}) (interface{}, error) {
		answer, err := do(ctx, request.(*wrapperspb.StringValue).GetValue())
		if err != nil {
			return nil, err
		}
		return wrapperspb.String(answer), nil
	}
	info := &grpc.UnaryServerInfo{Server: struct{}{}, FullMethod: "/" + unaryService + "/" + name}
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ interface{}, ctx context.Context, decode func(interface{}) error, interceptor grpc.UnaryServerInterceptor) (interface{}, error) {
			request := new(wrapperspb.StringValue)
			if err := decode(request); err != nil {
				return nil, err
			}
			if interceptor == nil {
				return handle(ctx, request)
			}
			return interceptor(ctx, request, info, handle)
		},
	}
}

// streamMethod is a stream of one request and one answer.
func streamMethod(name string, do method) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    name,
		ServerStreams: true,
		ClientStreams: true,
		Handler: func(_ interface{}, stream grpc.ServerStream) error {
			request := new(wrapperspb.StringValue)
			if err := stream.RecvMsg(request); err != nil {
				return err
			}
			answer, err := do(stream.Context(), request.GetValue())
			if err != nil {
				return err
			}
			return stream.SendMsg(wrapperspb.String(answer))
		},
	}
}
