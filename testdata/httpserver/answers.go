// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"strconv"
	"time"
)

func ok(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "ok")
}

// writeStatus answers with the status code that the path names, 400 if it names none.
func writeStatus(w http.ResponseWriter, code string) {
	status, err := strconv.Atoi(code)
	if err != nil || status < 200 || status > 999 {
		http.Error(w, "no such status: "+code, http.StatusBadRequest)
		return
	}
	w.WriteHeader(status)
}

// implicit writes neither a header nor a body: net/http answers 200 for it.
func implicit(w http.ResponseWriter, r *http.Request) {}

// echo answers with the request's body.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Write(body)
}

// stream writes ?n= bytes (1 MiB unless given), with a flush after every 4 KiB.
func stream(w http.ResponseWriter, r *http.Request) {
	chunk := make([]byte, 4096)
	for n := number(r, "n", 1<<20); n > 0; n -= len(chunk) {
		if n < len(chunk) {
			chunk = chunk[:n]
		}
		if _, err := w.Write(chunk); err != nil {
			return
		}
		w.(http.Flusher).Flush()
	}
}

// sleep answers after ?d=, whether or not the client is still there.
func sleep(w http.ResponseWriter, r *http.Request) {
	time.Sleep(duration(r))
	io.WriteString(w, "slept")
}

// wait answers after ?d=, or returns at once when the client goes away.
func wait(w http.ResponseWriter, r *http.Request) {
	timer := time.NewTimer(duration(r))
	defer timer.Stop()
	select {
	case <-timer.C:
		io.WriteString(w, "waited")
	case <-r.Context().Done():
	}
}

// redirect leads to itself ?n= times and then to /ok.
func redirect(w http.ResponseWriter, r *http.Request) {
	if n := number(r, "n", 0); n > 0 {
		http.Redirect(w, r, "/redirect?n="+strconv.Itoa(n-1), http.StatusFound)
		return
	}
	http.Redirect(w, r, "/ok", http.StatusFound)
}

// duration is the query's ?d=, zero if it has none.
func duration(r *http.Request) time.Duration {
	d, _ := time.ParseDuration(r.URL.Query().Get("d"))
	return d
}

// number is the query's value for key, or fallback if it has none.
func number(r *http.Request, key string, fallback int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil {
		return fallback
	}
	return n
}
