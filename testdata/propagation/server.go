// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// unencryptedHTTP2 lets a server speak HTTP/2 in the clear, where this version of Go can.
var unencryptedHTTP2 = func(*http.Server) {}

// serve takes requests by every protocol that there is. It returns the address for those by HTTP.
func serve(upstream string) (string, error) {
	certificate, err := selfSigned()
	if err != nil {
		return "", err
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", err
	}
	secure, err := net.Listen("tcp", "127.0.0.2:"+port)
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/chain/", passOnHTTP)
	mux.Handle("/upstream/", httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream}))
	server := &http.Server{Handler: mux, TLSConfig: config}
	unencryptedHTTP2(server)
	go func() { log.Fatal(server.Serve(listener)) }()
	secured := &http.Server{Handler: mux, TLSConfig: config.Clone()}
	go func() { log.Fatal(secured.ServeTLS(secure, "", "")) }()
	return listener.Addr().String(), serveGRPC(port, config.Clone())
}
