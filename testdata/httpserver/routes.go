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

	mux.HandleFunc("/ok", ok)
	mux.HandleFunc("/implicit", implicit)
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/big", stream)
	mux.HandleFunc("/sleep", sleep)
	mux.HandleFunc("/wait", wait)

	mux.HandleFunc("/panic", panicString)
	mux.HandleFunc("/panic-custom", panicCustom)
	mux.HandleFunc("/abort", abort)
	mux.Handle("/recovered", recovering(http.HandlerFunc(panicCustom)))
	mux.HandleFunc("/goexit", goexit)
	mux.HandleFunc("/hijack", hijack)
	mux.HandleFunc("/die", die)

	mux.HandleFunc("/deep", deep)
	mux.HandleFunc("/gc", gc)
	mux.HandleFunc("/background", background)
	mux.HandleFunc("/mutate", mutate)
	mux.Handle("/withcontext/", withContext(innerMux()))
	mux.Handle("/timeout", http.TimeoutHandler(http.HandlerFunc(sleep), handlerTimeout, "too slow"))

	mux.HandleFunc("/call", call)
	mux.HandleFunc("/call-goroutine", callGoroutine)
	mux.HandleFunc("/call-background", callBackground)
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
