// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// peer is the other service, and the ways to it.
type peer struct {
	url          string
	client       *http.Client
	queryingHTTP *http.Client // whose transport queries SQL in the middle of a round trip
	channel      *grpc.ClientConn
	intercepted  *grpc.ClientConn // whose interceptors query SQL before each call
	authorized   *grpc.ClientConn // which asks the peer for a token over HTTP in the middle of each call
}

func newPeer(address string, db *sql.DB) (*peer, error) {
	p := &peer{url: "http://" + address}
	p.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	p.queryingHTTP = &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: 1000,
		Proxy: func(r *http.Request) (*url.URL, error) {
			return nil, query(r.Context(), db, requestOf(r.Context()))
		},
	}}
	for _, c := range []struct {
		channel **grpc.ClientConn
		options []grpc.DialOption
	}{
		{&p.channel, nil},
		{&p.intercepted, []grpc.DialOption{
			grpc.WithUnaryInterceptor(func(ctx context.Context, method string, in, out any, channel *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
				if err := query(ctx, db, requestOf(ctx)); err != nil {
					return err
				}
				return invoke(ctx, method, in, out, channel, options...)
			}),
			grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, channel *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
				if err := query(ctx, db, requestOf(ctx)); err != nil {
					return nil, err
				}
				return open(ctx, desc, channel, method, options...)
			}),
		}},
		{&p.authorized, []grpc.DialOption{grpc.WithPerRPCCredentials(tokens{p})}},
	} {
		options := append(c.options, grpc.WithTransportCredentials(insecure.NewCredentials()))
		var err error
		if *c.channel, err = grpc.Dial(grpcAddress(address), options...); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// get is a call by HTTP.
func (p *peer) get(ctx context.Context, client *http.Client, r request) error {
	outgoing, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/ok/"+r.id+"?d="+r.pause.String(), nil)
	if err != nil {
		return err
	}
	response, err := client.Do(outgoing)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}

// invoke is a call by gRPC.
func (p *peer) invoke(ctx context.Context, channel *grpc.ClientConn, r request) error {
	return channel.Invoke(ctx, methodOf(r), wrapperspb.String(r.pause.String()), new(wrapperspb.StringValue))
}

func methodOf(r request) string { return "/example.Peer/Call" + r.id }

// tokens are credentials that are asked for, by HTTP, for every call.
type tokens struct{ from *peer }

func (t tokens) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer token"}, t.from.get(ctx, t.from.client, requestOf(ctx))
}

func (tokens) RequireTransportSecurity() bool { return false }

type requestKey struct{}

// withRequest lets what is called in the middle of a call know whose call it is.
func withRequest(ctx context.Context, r request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

func requestOf(ctx context.Context) request { return ctx.Value(requestKey{}).(request) }
