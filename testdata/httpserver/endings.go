// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// handlerError is what panicCustom panics with.
type handlerError struct{ reason string }

func (e *handlerError) Error() string { return e.reason }

func panicString(w http.ResponseWriter, r *http.Request) {
	panic("a handler that panics")
}

func panicCustom(w http.ResponseWriter, r *http.Request) {
	panic(&handlerError{reason: "a handler that panics with an error"})
}

// abort is the panic by which a handler drops its connection without a log line.
func abort(w http.ResponseWriter, r *http.Request) {
	panic(http.ErrAbortHandler)
}

// recovering is a middleware that answers 500 for a handler that panics.
func recovering(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if reason := recover(); reason != nil {
				http.Error(w, "recovered", http.StatusInternalServerError)
			}
		}()
		next(w, r)
	}
}

// goexit ends the goroutine of the connection (HTTP/1) or of the stream (HTTP/2).
func goexit(w http.ResponseWriter, r *http.Request) {
	runtime.Goexit()
}

// hijack answers 101 by itself and then echoes until the peer closes.
func hijack(w http.ResponseWriter, r *http.Request) {
	hijacker, is := w.(http.Hijacker)
	if !is {
		http.Error(w, "only HTTP/1.1 can be hijacked", http.StatusHTTPVersionNotSupported)
		return
	}
	conn, buffered, err := hijacker.Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	io.Copy(conn, buffered)
}

// die ends the whole process while the request is open, in the way that ?how= names. With
// ?how=exit the status is ?code=.
func die(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Query().Get("how") {
	case "panic": // outside of the goroutine that net/http guards
		go panic(&handlerError{reason: "a goroutine that panics"})
	case "exit":
		os.Exit(number(r, "code", 0))
	case "segv":
		go func() { var nowhere *int; *nowhere = 1 }()
	case "overflow":
		go func() { overflow(0) }()
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		http.Error(w, "how?", http.StatusBadRequest)
		return
	}
	select {}
}

// overflow recurses until the runtime ends the process for its stack.
func overflow(n int) string {
	return strconv.Itoa(n) + overflow(n+1)
}
