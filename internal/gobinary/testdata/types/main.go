// SPDX-License-Identifier: Apache-2.0

// Command types has types that are easily confused, and context types of every
// shape.
package main

import (
	"context"
	"fmt"
	html "html/template"
	"net/http"
	"os"
	text "text/template"
)

// Request has the name of net/http.Request.
type Request struct {
	Pattern [2]int32
	Method  string
}

// Twice has a namesake in function namesake.
type Twice struct {
	First, Second int64
}

func namesake() interface{} {
	type Twice struct {
		Second, First int64
	}
	return &Twice{}
}

// Pair is generic.
type Pair[K comparable, V any] struct {
	Key   K
	Value V
}

// Anonymous has a struct without a name that has the name of a field of others.
type Anonymous struct {
	Inner struct {
		Pad    int64
		Method string
	}
	Method string
}

// onStack lives on stacks alone, so that only DWARF has it.
type onStack struct {
	flag  bool
	count int64
}

//go:noinline
func count(n int) int64 {
	var s onStack
	s.flag, s.count = n > 2, int64(n)
	if s.flag {
		return s.count + count(n-1)
	}
	return s.count
}

func main() {
	fmt.Println(count(len(os.Args)), namesake())
	for _, v := range []interface{}{
		&Request{}, &Twice{}, &Anonymous{}, &html.Template{}, &text.Template{},
		&Pair[string, int]{}, &Pair[Request, *http.Request]{},
	} {
		fmt.Printf("%T\n", v)
	}
	for _, ctx := range contexts() {
		fmt.Printf("%T %v\n", ctx, ctx.Value(0))
	}
	if len(os.Args) > 1 {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, os.Args[1], 302) })
		ctx, cancel := context.WithTimeout(context.Background(), 1)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, "GET", os.Args[1], nil)
		response, err := http.DefaultClient.Do(request)
		fmt.Println(response, err, http.ListenAndServe(os.Args[1], nil))
	}
}
