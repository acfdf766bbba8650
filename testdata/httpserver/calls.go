// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"log"
	"net/http"
)

// call gets ?url= with the request's context, wrapped as ?context= says (contexts.go), and answers
// with the peer's status in the body.
func call(w http.ResponseWriter, r *http.Request) {
	ctx, cancel, err := wrap(r.Context(), r.URL.Query().Get("context"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL.Query().Get("url"), nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := http.DefaultClient.Do(request)
	answerCall(w, response, err)
}

// callGoroutine gets ?url= on a new goroutine and without a context, while the handler waits for it.
func callGoroutine(w http.ResponseWriter, r *http.Request) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		response, err := http.Get(r.URL.Query().Get("url"))
		answerCall(w, response, err)
	}()
	<-done
}

// callBackground gets ?url= on a goroutine that the handler started, but only after the handler has
// returned and net/http has finished the request.
func callBackground(w http.ResponseWriter, r *http.Request) {
	go func() {
		<-r.Context().Done()
		response, err := http.Get(r.URL.Query().Get("url"))
		if err != nil {
			log.Print(err)
			return
		}
		response.Body.Close()
	}()
	fmt.Fprint(w, "later")
}

// work is done by the goroutines that startWorker has started.
var work = make(chan func())

// startWorker starts a goroutine that outlives the request.
func startWorker(w http.ResponseWriter, _ *http.Request) {
	go func() {
		for do := range work {
			do()
		}
	}()
	fmt.Fprint(w, "started")
}

// callWorker gets ?url= on a goroutine of startWorker's and without a context, while the handler waits for it.
func callWorker(w http.ResponseWriter, r *http.Request) {
	done := make(chan struct{})
	work <- func() {
		defer close(done)
		response, err := http.Get(r.URL.Query().Get("url"))
		answerCall(w, response, err)
	}
	<-done
}

// answerCall answers with the status of a call, or with 502 for a call that failed.
func answerCall(w http.ResponseWriter, response *http.Response, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	fmt.Fprint(w, response.StatusCode)
}
