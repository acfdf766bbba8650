// SPDX-License-Identifier: Apache-2.0

// Command frontend is what the shop's customers talk to: it shows what catalog has and passes orders
// on to checkout.
package main

import (
	"flag"
	"io"
	"log"
	"net/http"
	"net/url"
	"time"

	"example.com/shop/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	catalog := flag.String("catalog", "http://127.0.0.1:8081", "base URL of catalog")
	checkout := flag.String("checkout", "http://127.0.0.1:8082", "base URL of checkout")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		forward(w, r, *catalog+"/products")
	})
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		service.Work(time.Millisecond)
		forward(w, r, *catalog+"/products/"+url.PathEscape(r.PathValue("id")))
	})
	mux.HandleFunc("POST /checkout", func(w http.ResponseWriter, r *http.Request) {
		service.Work(time.Millisecond)
		forward(w, r, *checkout+"/orders")
	})
	service.Run(*addr, mux)
}

// forward sends the request to another service, without its headers but for the type of its body,
// and answers with the response.
func forward(w http.ResponseWriter, r *http.Request, to string) {
	request, err := http.NewRequestWithContext(r.Context(), r.Method, to, r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	request.Header.Set("Content-Type", r.Header.Get("Content-Type"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	if _, err := io.Copy(w, response.Body); err != nil {
		log.Print(err)
	}
}
