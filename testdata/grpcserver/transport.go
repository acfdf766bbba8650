// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// options are those that grpc's own server needs for the transport.
func (how transport) options() ([]grpc.ServerOption, error) {
	if !how.tls || how.handler {
		return nil, nil
	}
	certificate, err := selfSigned()
	if err != nil {
		return nil, err
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewServerTLSFromCert(&certificate))}, nil
}

// serve accepts connections until the server stops, or for ever behind net/http.
func (how transport) serve(server *grpc.Server, listener net.Listener) error {
	if !how.handler {
		return server.Serve(listener)
	}
	handler := besides(server, httpRoutes())
	if !how.tls {
		// Tests have a thousand calls open on one connection. The default is a quarter of that, and a client
		// that has not yet heard of it is told of a protocol error.
		return http.Serve(listener, h2c.NewHandler(handler, &http2.Server{MaxConcurrentStreams: 4000}))
	}
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	return (&http.Server{Handler: handler, TLSConfig: config}).ServeTLS(listener, "", "")
}

// besides serves gRPC calls and other requests on one port, as the documentation of ServeHTTP has it.
func besides(server *grpc.Server, other http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(w, r)
			return
		}
		other.ServeHTTP(w, r)
	})
}

// httpRoutes are the requests that are no gRPC calls: /call makes one, as the method Call does with
// the request's query, and /ok does nothing.
func httpRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/call", func(w http.ResponseWriter, r *http.Request) {
		answer, err := call(r.Context(), r.URL.RawQuery)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(answer))
	})
	return mux
}
