// SPDX-License-Identifier: Apache-2.0

// Command frontend is what the shop's customers talk to: it shows what catalog has and passes orders
// on to checkout.
package main

import (
	"flag"
	"io"
	"log"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/shop/products"
	"example.com/shop/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	catalogAddr := flag.String("catalog", "127.0.0.1:8081", "address of catalog")
	checkoutURL := flag.String("checkout", "http://127.0.0.1:8082", "base URL of checkout")
	flag.Parse()

	catalog, err := products.Dial(*catalogAddr)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		list, err := catalog.List(r.Context())
		answer(w, list, err)
	})
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		product, err := catalog.Get(r.Context(), id)
		answer(w, product, err)
	})
	mux.HandleFunc("POST /checkout", func(w http.ResponseWriter, r *http.Request) {
		forward(w, r, *checkoutURL+"/orders")
	})
	service.RunHTTP(*addr, mux)
}

// answer writes what catalog answered, or what its error is for a customer.
func answer(w http.ResponseWriter, value any, err error) {
	switch {
	case err == nil:
		service.Answer(w, value)
	case status.Code(err) == codes.NotFound:
		http.Error(w, status.Convert(err).Message(), http.StatusNotFound)
	default:
		http.Error(w, err.Error(), http.StatusBadGateway)
	}
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
