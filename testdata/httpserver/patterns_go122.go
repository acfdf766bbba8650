// SPDX-License-Identifier: Apache-2.0

//go:build go1.22

// With `go 1.18` in go.mod the toolchain would select the mux of Go 1.21, which takes patterns as
// plain paths.
//
//go:debug httpmuxgo121=0
package main

import (
	"io"
	"net/http"
)

// handlePatterns adds the routes that have wildcards, a method, or both.
func handlePatterns(mux *http.ServeMux) {
	mux.HandleFunc("GET /items/{id}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "item "+r.PathValue("id"))
	})
	mux.HandleFunc("/items/{id}/parts/{rest...}", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "part "+r.PathValue("rest"))
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		writeStatus(w, r.PathValue("code"))
	})
}
