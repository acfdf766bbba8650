// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// visit is one request to frontend.
type visit struct {
	what         string // happens, in words
	method, path string
	form         url.Values
	spans        int // that the services together yield for it

	trace    pcommon.TraceID // of its traceparent
	status   int
	duration time.Duration
}

// How many spans a visit yields: one of frontend, two for each call of another service, the client's
// and its own, and one for each statement.
const (
	showSpans  = 1 + (2 + 1)             // catalog, which queries
	orderSpans = 1 + 2 + (2 + 1) + 2 + 4 // checkout, catalog as above, payment, a transaction of two statements
)

// visits are the requests of the demo.
var visits = []visit{
	{what: "the list of products", method: http.MethodGet, path: "/", spans: showSpans},
	{what: "a product", method: http.MethodGet, path: "/products/2", spans: showSpans},
	{what: "a product that there is not", method: http.MethodGet, path: "/products/99", spans: showSpans},
	order("2", 3, "EUR").saying("an order"),
	order("3", 2, "EUR").saying("an order that payment declines"),
	order("1", 1, "XXX").saying("an order for which payment panics"),
}

// order is the visit that orders a product.
func order(product string, quantity int, currency string) visit {
	return visit{
		method: http.MethodPost, path: "/checkout", spans: orderSpans,
		form: url.Values{"product": {product}, "quantity": {strconv.Itoa(quantity)}, "currency": {currency}},
	}
}

func (v visit) saying(what string) visit {
	v.what = what
	return v
}

// visit makes the visits, one after the other.
func (s *shop) visit(ctx context.Context) ([]visit, error) {
	var made []visit
	for _, v := range visits {
		v, err := s.send(ctx, v)
		if err != nil {
			return nil, err
		}
		made = append(made, v)
	}
	return made, nil
}

// send makes one visit, with a traceparent of its own, and returns it with what came of it.
func (s *shop) send(ctx context.Context, v visit) (visit, error) {
	request, err := http.NewRequestWithContext(ctx, v.method, "http://"+s.addresses["frontend"]+v.path, strings.NewReader(v.form.Encode()))
	if err != nil {
		return v, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var span pcommon.SpanID
	rand.Read(v.trace[:])
	rand.Read(span[:])
	request.Header.Set("Traceparent", fmt.Sprintf("00-%s-%s-01", v.trace, span))

	started := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return v, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return v, err
	}
	v.status, v.duration = response.StatusCode, time.Since(started)
	return v, nil
}
