// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// channel says which channel a command's calls are made on. Commands that say the same share it and
// its connections.
type channel struct {
	Target      string `json:"target"`      // as grpc.Dial takes it
	TLS         bool   `json:"tls"`         // accept any certificate
	Interceptor string `json:"interceptor"` // around every call (interceptor.go)
	Retry       bool   `json:"retry"`       // try calls again that were UNAVAILABLE, by a service config
	Token       string `json:"token"`       // the target that is asked for a token for every call
	Channels    int    `json:"channels"`    // call i is made on channel i modulo this number
	Name        string `json:"name"`        // tells apart channels that say the same otherwise
}

// retryTwice is a service config (github.com/grpc/grpc/blob/master/doc/service_config.md).
const retryTwice = `{"methodConfig": [{
	"name": [{"service": "example.Unary"}, {"service": "example.Stream"}],
	"retryPolicy": {
		"maxAttempts": 3, "initialBackoff": "0.01s", "maxBackoff": "0.01s", "backoffMultiplier": 1,
		"retryableStatusCodes": ["UNAVAILABLE"]
	}
}]}`

type channelKey struct {
	channel
	number int
}

var channels struct {
	sync.Mutex
	open map[channelKey]*grpc.ClientConn
}

// connection returns the channel of call i.
func (c channel) connection(i int) (*grpc.ClientConn, error) {
	key := channelKey{channel: c}
	if c.Channels > 0 {
		key.number = i % c.Channels
	}
	channels.Lock()
	defer channels.Unlock()
	if conn, known := channels.open[key]; known {
		return conn, nil
	}
	conn, err := dial(c.Target, c.options()...)
	if err != nil {
		return nil, err
	}
	if channels.open == nil {
		channels.open = map[channelKey]*grpc.ClientConn{}
	}
	channels.open[key] = conn
	return conn, nil
}

func (c channel) options() []grpc.DialOption {
	secured := insecure.NewCredentials()
	if c.TLS {
		secured = credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})
	}
	options := []grpc.DialOption{grpc.WithTransportCredentials(secured)}
	if c.Interceptor != "" {
		options = append(options, grpc.WithUnaryInterceptor(unaryInterceptors[c.Interceptor]), grpc.WithStreamInterceptor(streamInterceptors[c.Interceptor]))
	}
	if c.Retry {
		options = append(options, grpc.WithDefaultServiceConfig(retryTwice))
	}
	if c.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(tokenCredentials{channel{Target: c.Token}}))
	}
	return options
}

// tokenCredentials get a token by another call, which is made in the middle of the first one and on
// the same goroutine.
type tokenCredentials struct{ from channel }

func (t tokenCredentials) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	conn, err := t.from.connection(0)
	if err != nil {
		return nil, err
	}
	token := new(wrapperspb.StringValue)
	if err := conn.Invoke(ctx, "/example.Unary/Echo", wrapperspb.String("token"), token); err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token.GetValue()}, nil
}

func (tokenCredentials) RequireTransportSecurity() bool { return false }
