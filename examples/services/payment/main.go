// SPDX-License-Identifier: Apache-2.0

// Command payment charges the shop's customers. It has a bug, as services do: it panics for a
// currency that it has no rate for.
package main

import (
	"flag"
	"net/http"
	"strconv"
	"time"

	"example.com/shop/service"
)

// limit is the most that is charged at once, in cents of a euro.
const limit = 100_000

// rates are how many cents of a currency make one euro.
var rates = map[string]int{"EUR": 100, "USD": 117, "SEK": 1098}

func main() {
	addr := flag.String("addr", "127.0.0.1:8083", "address to listen on")
	flag.Parse()

	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments", func(w http.ResponseWriter, r *http.Request) {
		amount, err := strconv.Atoi(r.FormValue("amount"))
		if err != nil {
			http.Error(w, "amount: "+err.Error(), http.StatusBadRequest)
			return
		}
		time.Sleep(6 * time.Millisecond) // as long as it takes to ask a bank
		euroCents := amount * 100 / rates[r.FormValue("currency")]
		if euroCents > limit {
			http.Error(w, "declined", http.StatusPaymentRequired)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	service.RunHTTP(*addr, mux)
}
