// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"time"
)

// deep recurses ?n= times (1000 unless given) with a frame of 1 KiB each, so that the stack grows
// and moves under the open request, and answers from the bottom: with a call to ?url= if given, so
// that the call too begins on a stack that is about to grow.
func deep(w http.ResponseWriter, r *http.Request) {
	descend(number(r, "n", 1000), func() {
		if r.URL.Query().Get("url") != "" {
			call(w, r)
			return
		}
		io.WriteString(w, "bottom")
	})
}

// descend calls bottom below depth frames of 1 KiB.
//
//go:noinline
func descend(depth int, bottom func()) byte {
	var frame [1024]byte
	frame[depth%len(frame)] = byte(depth)
	if depth <= 0 {
		bottom()
		return frame[0]
	}
	return frame[depth%len(frame)] + descend(depth-1, bottom)
}

// gc collects garbage and gives memory back to the system, which also shrinks stacks.
func gc(w http.ResponseWriter, r *http.Request) {
	runtime.GC()
	debug.FreeOSMemory()
	io.WriteString(w, "collected")
}

// background starts a goroutine that outlives the request by ?d= and still holds it.
func background(w http.ResponseWriter, r *http.Request) {
	after := duration(r)
	go func() {
		<-r.Context().Done()
		time.Sleep(after)
		runtime.KeepAlive(r)
	}()
	io.WriteString(w, "started")
}

// mutate overwrites in place what describes the request: a span tells what came in, not this.
func mutate(w http.ResponseWriter, r *http.Request) {
	r.Method = "MUTATED"
	r.URL.Path = "/mutated"
	r.URL.RawQuery = "mutated=yes"
	r.RequestURI = "/mutated?mutated=yes"
	r.Host = "mutated.example"
	r.RemoteAddr = "192.0.2.1:1"
	for name := range r.Header {
		r.Header.Del(name)
	}
	r.Header.Set("Traceparent", "00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-01")
	io.WriteString(w, "mutated")
}

type requestKey struct{}

// withContext is a middleware that passes on a copy of the request with a URL and a context of its own.
func withContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		copied := r.WithContext(context.WithValue(r.Context(), requestKey{}, "value"))
		copied.URL = new(url.URL)
		*copied.URL = *r.URL
		next.ServeHTTP(w, copied)
	})
}
