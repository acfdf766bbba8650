// SPDX-License-Identifier: Apache-2.0

// Command catalog knows the shop's products and their prices.
package main

import (
	"flag"
	"net/http"
	"time"

	"example.com/shop/service"
)

// product is something that the shop sells. Its price is in cents.
type product struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Price int    `json:"price"`
}

var products = []product{
	{"1", "a pair of binoculars", 12900},
	{"2", "a notebook", 450},
	{"3", "a telescope", 89900},
}

func main() {
	addr := flag.String("addr", "127.0.0.1:8081", "address to listen on")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, r *http.Request) {
		service.Work(3 * time.Millisecond)
		service.Answer(w, products)
	})
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		service.Work(time.Millisecond)
		for _, p := range products {
			if p.ID == r.PathValue("id") {
				service.Answer(w, p)
				return
			}
		}
		http.NotFound(w, r)
	})
	service.Run(*addr, mux)
}
