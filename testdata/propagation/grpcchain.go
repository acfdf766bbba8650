// SPDX-License-Identifier: Apache-2.0

//go:build grpc

package main

import (
	"context"
	"crypto/tls"
	"log"
	"net"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const chainService = "example.Chain"

// serveGRPC takes calls that are part of chains, in the clear and by TLS. The message says what /chain/<id>?next=<hops>
// says by HTTP: "<id>/<hops>", whose hops have slashes.
func serveGRPC(port string, config *tls.Config) error {
	for address, options := range map[string][]grpc.ServerOption{
		"127.0.0.3:" + port: nil,
		"127.0.0.4:" + port: {grpc.Creds(credentials.NewTLS(config))},
	} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return err
		}
		server := grpc.NewServer(options...)
		server.RegisterService(&grpc.ServiceDesc{
			ServiceName: chainService,
			HandlerType: (*any)(nil),
			Methods:     []grpc.MethodDesc{{MethodName: "PassOn", Handler: handlePassOn}},
		}, nil)
		go func() { log.Fatal(server.Serve(listener)) }()
	}
	return nil
}

func handlePassOn(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	message := new(wrapperspb.StringValue)
	if err := decode(message); err != nil {
		return nil, err
	}
	incoming, _ := metadata.FromIncomingContext(ctx)
	came := trail(incoming["traceparent"], incoming["tracestate"])
	id, hops, _ := strings.Cut(message.GetValue(), "/")
	lines, err := passOn(ctx, id, hops)
	return wrapperspb.String(came + lines), err
}

// channels are those to next services.
var channels struct {
	sync.Mutex
	by map[string]*grpc.ClientConn
}

func passOnGRPC(ctx context.Context, secure bool, address, id, rest string) (string, error) {
	channel, err := channelTo(address, secure)
	if err != nil {
		return "", err
	}
	lines := new(wrapperspb.StringValue)
	err = channel.Invoke(ctx, "/"+chainService+"/PassOn", wrapperspb.String(id+"/"+rest), lines)
	return lines.GetValue(), err
}

func channelTo(address string, secure bool) (*grpc.ClientConn, error) {
	channels.Lock()
	defer channels.Unlock()
	if channel, known := channels.by[address]; known {
		return channel, nil
	}
	channel, err := dialGRPC(address, secure)
	if err != nil {
		return nil, err
	}
	if channels.by == nil {
		channels.by = map[string]*grpc.ClientConn{}
	}
	channels.by[address] = channel
	return channel, nil
}
