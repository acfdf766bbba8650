// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"net/url"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// scenario is one way to use a server: as it is, and with an SDK in it.
type scenario struct {
	Name       string
	plain, sdk server
	// saturated is a load of clients that send the next request as soon as they have an answer, steady
	// one that can be sent at a fixed rate.
	saturated, steady func(server) load
}

// usualClients is how many send requests at a time, where nothing else is said.
const usualClients = 16

// What the load that performs statements asks the target for at a time. A request that measures how
// long statements take has fewer of them.
const (
	statementBatch   = 1000
	statementSteady  = 100
	statementClients = 16
)

// scenarios are all of them. The servers that they start call others that are not traced.
func (b *bench) scenarios() []scenario {
	b.t.Helper()
	if b.all == nil {
		b.all = b.startScenarios()
	}
	return b.all
}

func (b *bench) startScenarios() []scenario {
	b.t.Helper()
	web, sdkWeb := b.start("httpserver"), b.startSDK("sdkhttpserver")
	tls, sdkTLS := b.start("httpserver", targettest.TLS()), b.startSDK("sdkhttpserver", targettest.TLS())
	rpc, sdkRPC := b.start("grpcserver"), b.startSDK("sdkgrpcserver")
	sql, sdkSQL := b.start("sqlclient"), b.startSDK("sdksqlclient")
	webUpstream, rpcUpstream := b.start("httpserver"), b.start("grpcserver")

	onward := url.Values{"target": {"passthrough:///" + rpcUpstream.Address()}, "method": {"/example.Unary/Echo"}, "message": {"ok"}}
	query := []targettest.SQLStep{{Do: "query", Query: "SELECT name, price FROM products WHERE id = 7 AND shop = 'main'"}}
	transaction := []targettest.SQLStep{
		{Do: "begin"},
		{Do: "exec", On: "tx", Query: "UPDATE products SET price = 3 WHERE id = 7"},
		{Do: "commit"},
	}
	return []scenario{
		ofRequests("HTTP/1.1 server", web, sdkWeb, usualClients, 1, func(s server) protocol { return http1To(s.URL() + "/ok") }),
		// net/http keeps two connections to one host by default.
		ofRequests("HTTP/1.1 server that calls another", web, sdkWeb, 2, 2, func(s server) protocol {
			return http1To(s.URL() + "/call?url=" + webUpstream.URL() + "/ok")
		}),
		ofRequests("gRPC server, unary", rpc, sdkRPC, usualClients, 1, func(s server) protocol {
			return grpcCall{s.Address(), "/example.Unary/Echo", "ok", false, traceparent}
		}),
		ofRequests("gRPC server, stream", rpc, sdkRPC, usualClients, 1, func(s server) protocol {
			return grpcCall{s.Address(), "/example.Stream/Echo", "ok", true, traceparent}
		}),
		ofStatements("SQL, a query", sql, sdkSQL, 1, query),
		ofRequests("HTTP/2 server", tls, sdkTLS, usualClients, 1, func(s server) protocol { return http2{s.URL() + "/ok"} }),
		ofRequests("gRPC server that calls another", rpc, sdkRPC, usualClients, 2, func(s server) protocol {
			return grpcCall{s.Address(), "/example.Unary/Call", onward.Encode(), false, traceparent}
		}),
		ofStatements("SQL, begin, exec, commit", sql, sdkSQL, 3, transaction),
	}
}

// ofRequests is a scenario of requests that give so many spans each.
func ofRequests(name string, plain, sdk server, clients, spans int, to func(server) protocol) scenario {
	l := func(s server) load { return load{protocol: to(s), clients: clients, batch: 1, spans: spans} }
	return scenario{name, plain, sdk, l, l}
}

// ofStatements is a scenario of statements that give so many spans each time that all steps are performed.
func ofStatements(name string, plain, sdk server, spans int, steps []targettest.SQLStep) scenario {
	batches := func(n int) func(server) load {
		return func(s server) load {
			command := targettest.SQLCommand{Driver: "fake", DSN: "ok", N: n, Concurrency: statementClients, Steps: steps}
			if s.sdk {
				command.Driver = "otelsql"
			}
			return load{protocol: statements{s.Target, command}, clients: 1, batch: n, spans: spans}
		}
	}
	return scenario{name, plain, sdk, batches(statementBatch), batches(statementSteady)}
}
