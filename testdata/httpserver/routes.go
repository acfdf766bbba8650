// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// handlerTimeout is when /timeout answers 503 in place of its handler.
const handlerTimeout = 50 * time.Millisecond

// routes returns the server's mux. upstream is the base URL that /proxy/ forwards to.
func routes(upstream string) (http.Handler, error) {
	target, err := url.Parse(upstream)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	handlePatterns(mux)

	for path, handler := range map[string]http.HandlerFunc{
		"/ok": ok, "/implicit": implicit, "/echo": echo, "/big": stream, "/sleep": sleep, "/wait": wait,
		"/redirect": redirect,
		"/panic":    panicString, "/panic-custom": panicCustom, "/abort": abort, "/recovered": recovering(panicCustom),
		"/goexit": goexit, "/hijack": hijack, "/die": die,
		"/deep": deep, "/gc": gc, "/background": background, "/mutate": mutate,
		"/call": call, "/call-goroutine": callGoroutine, "/call-background": callBackground,
		"/start-worker": startWorker, "/call-worker": callWorker,
	} {
		mux.HandleFunc(path, handler)
		// The same below it, so that each request can have a path of its own: /sleep/17.
		mux.HandleFunc(path+"/", handler)
	}
	mux.Handle("/withcontext/", withContext(innerMux()))
	mux.Handle("/timeout", http.TimeoutHandler(http.HandlerFunc(sleep), handlerTimeout, "too slow"))
	mux.Handle("/proxy/", http.StripPrefix("/proxy", httputil.NewSingleHostReverseProxy(target)))
	return mux, nil
}

// innerMux is a second mux behind a middleware: it matches a pattern of its own on the copy of the
// request that the middleware made.
func innerMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/withcontext/ok", ok)
	mux.HandleFunc("/withcontext/call", call)
	return mux
}
