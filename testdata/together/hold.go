// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"path"
	"sync"
)

// hold is work that waits in the middle until another request releases it.
type hold struct {
	held     chan struct{} // closed once it waits
	released chan struct{} // closed when it may go on
	done     chan struct{} // closed when it is over
	err      error         // what came of it, once it is over
}

// wait waits for the release. A context that is over does not end it: the handler that had it may have returned.
func (h *hold) wait(context.Context) error {
	close(h.held)
	<-h.released
	return nil
}

// holds are those of all requests, by their ids.
type holds struct {
	mu sync.Mutex
	by map[string]*hold
}

func (h *holds) of(id string) *hold {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.by == nil {
		h.by = map[string]*hold{}
	}
	if h.by[id] == nil {
		h.by[id] = &hold{held: make(chan struct{}), released: make(chan struct{}), done: make(chan struct{})}
	}
	return h.by[id]
}

// release lets what a request has left behind go on, and waits until it is over: so it runs while another request
// is open, on the goroutine that started it perhaps.
func (h *holds) release(id string) error {
	held := h.of(id)
	close(held.released)
	<-held.done
	return held.err
}

func (s *service) release(w http.ResponseWriter, r *http.Request) {
	answer(w, s.holds.release(path.Base(r.URL.Path)))
}
