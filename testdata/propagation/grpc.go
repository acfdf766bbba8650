// SPDX-License-Identifier: Apache-2.0

//go:build grpc

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// grpcCall is a call that is made, of the method that tells which it is.
type grpcCall struct {
	channel *grpc.ClientConn
	method  string
	ctx     context.Context
}

// grpcScenarios are what can be had with a peer by gRPC.
var grpcScenarios = map[string]func(c grpcCall, i int, random *rand.Rand) error{
	"plain": func(c grpcCall, _ int, _ *rand.Rand) error { return c.unary(0) },
	"headers": func(c grpcCall, _ int, random *rand.Rand) error {
		for i := random.Intn(40); i > 0; i-- {
			c.add("x-"+strings.ToLower(text(random, 1+random.Intn(30))), text(random, random.Intn(1<<random.Intn(10))))
		}
		return c.unary(0)
	},
	"padded": func(c grpcCall, i int, _ *rand.Rand) error {
		size := paddedSizes[i/padSteps%len(paddedSizes)]
		c.add("x-padding", strings.Repeat("~", size-padSteps+i%padSteps))
		return c.unary(0)
	},
	"own": func(c grpcCall, i int, _ *rand.Rand) error {
		c.add(ownNames[i%len(ownNames)], ownTraceparent)
		return c.unary(0)
	},
	"bodies": func(c grpcCall, i int, random *rand.Rand) error {
		return c.unary(bodySizes[i%len(bodySizes)] - 1 + random.Intn(3))
	},
	"stream": func(c grpcCall, _ int, random *rand.Rand) error { return c.stream(random) },
}

func openGRPC(c command) (exchange, func() error, error) {
	scenario, known := grpcScenarios[c.Scenario]
	if !known {
		return nil, nil, fmt.Errorf("no scenario %q of gRPC", c.Scenario)
	}
	channel, err := dialGRPC(c.Address, c.Protocol == "grpcs")
	if err != nil {
		return nil, nil, err
	}
	return func(i int, random *rand.Rand) error {
		return scenario(grpcCall{channel, "/" + c.Scenario + "/" + strconv.Itoa(i), context.Background()}, i, random)
	}, channel.Close, nil
}

func dialGRPC(address string, secure bool) (*grpc.ClientConn, error) {
	secured := insecure.NewCredentials()
	if secure {
		secured = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	return grpc.Dial(address, grpc.WithTransportCredentials(secured))
}

func (c *grpcCall) add(key, value string) {
	c.ctx = metadata.AppendToOutgoingContext(c.ctx, key, value)
}

// message is one of that size, but for what encodes it: no letter of it compresses.
func message(size int) *wrapperspb.StringValue {
	if size < 0 {
		size = 0
	}
	return wrapperspb.String(strings.Repeat("~", size))
}

func (c *grpcCall) unary(size int) error {
	answer := new(wrapperspb.StringValue)
	if err := c.channel.Invoke(c.ctx, c.method, message(size), answer); err != nil {
		return err
	}
	return expectOK(c.method, answer)
}

// stream sends messages of random sizes, of which the peer answers each.
func (c *grpcCall) stream(random *rand.Rand) error {
	stream, err := c.channel.NewStream(c.ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, c.method)
	if err != nil {
		return err
	}
	for n := random.Intn(10); n > 0; n-- {
		if err := stream.SendMsg(message(random.Intn(1 << random.Intn(17)))); err != nil {
			return err
		}
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	for {
		answer := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(answer); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := expectOK(c.method, answer); err != nil {
			return err
		}
	}
}

func expectOK(method string, answer *wrapperspb.StringValue) error {
	if answer.GetValue() != "ok" {
		return fmt.Errorf("answer to %s: %.100q", method, answer.GetValue())
	}
	return nil
}
