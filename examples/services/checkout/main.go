// SPDX-License-Identifier: Apache-2.0

// Command checkout takes orders: it asks catalog for the price and lets payment charge it.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/shop/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8082", "address to listen on")
	catalog := flag.String("catalog", "http://127.0.0.1:8081", "base URL of catalog")
	payment := flag.String("payment", "http://127.0.0.1:8083", "base URL of payment")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		quantity, err := strconv.Atoi(r.FormValue("quantity"))
		if err != nil {
			http.Error(w, "quantity: "+err.Error(), http.StatusBadRequest)
			return
		}
		price, err := price(r.Context(), *catalog, r.FormValue("product"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		service.Work(2 * time.Millisecond)
		status, err := charge(r.Context(), *payment, price*quantity, r.FormValue("currency"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		w.WriteHeader(status)
	})
	service.Run(*addr, mux)
}

// price asks catalog what a product costs, in cents.
func price(ctx context.Context, catalog, product string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, catalog+"/products/"+url.PathEscape(product), nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("price of product %s: %s", product, response.Status)
	}
	var answer struct{ Price int }
	err = json.NewDecoder(response.Body).Decode(&answer)
	return answer.Price, err
}

// charge lets payment charge an amount and returns its status.
func charge(ctx context.Context, payment string, amount int, currency string) (int, error) {
	form := url.Values{"amount": {strconv.Itoa(amount)}, "currency": {currency}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, payment+"/payments", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
