// SPDX-License-Identifier: Apache-2.0

// Command checkout takes orders: it asks catalog for the price, takes the goods out of its stock, lets
// payment charge the price and keeps the order.
package main

import (
	"flag"
	"log"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"example.com/shop/products"
	"example.com/shop/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8082", "address to listen on")
	database := flag.String("database", "checkout.db", "file of the database")
	catalogAddr := flag.String("catalog", "127.0.0.1:8081", "address of catalog")
	paymentURL := flag.String("payment", "http://127.0.0.1:8083", "base URL of payment")
	flag.Parse()

	catalog, err := products.Dial(*catalogAddr)
	if err != nil {
		log.Fatal(err)
	}
	orders, err := open(*database, payment{*paymentURL})
	if err != nil {
		log.Fatal(err)
	}
	defer orders.db.Close()

	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.ParseInt(r.FormValue("product"), 10, 64)
		if err != nil {
			http.Error(w, "product: "+err.Error(), http.StatusBadRequest)
			return
		}
		quantity, err := strconv.ParseInt(r.FormValue("quantity"), 10, 64)
		if err != nil || quantity < 1 {
			http.Error(w, "quantity: not a number from 1 on", http.StatusBadRequest)
			return
		}
		product, err := catalog.Get(r.Context(), id)
		if status.Code(err) == codes.NotFound {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		answer, err := orders.place(r.Context(), order{
			product: id, quantity: quantity, amount: product.Price * quantity, currency: r.FormValue("currency"),
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(answer)
	})
	service.RunHTTP(*addr, mux)
}
