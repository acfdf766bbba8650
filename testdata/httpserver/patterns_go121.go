// SPDX-License-Identifier: Apache-2.0

//go:build !go1.22

package main

import (
	"io"
	"net/http"
	"strings"
)

// handlePatterns adds the routes of patterns_go122.go for a mux that knows prefixes only.
func handlePatterns(mux *http.ServeMux) {
	mux.HandleFunc("/items/", func(w http.ResponseWriter, r *http.Request) {
		item := strings.TrimPrefix(r.URL.Path, "/items/")
		if i := strings.Index(item, "/parts/"); i >= 0 {
			io.WriteString(w, "part "+item[i+len("/parts/"):])
			return
		}
		io.WriteString(w, "item "+item)
	})
	mux.HandleFunc("/status/", func(w http.ResponseWriter, r *http.Request) {
		writeStatus(w, strings.TrimPrefix(r.URL.Path, "/status/"))
	})
}
