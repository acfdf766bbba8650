// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"time"
)

// none implements context.Context and has no parent.
type none struct{ pad int64 }

func (none) Deadline() (time.Time, bool)       { return time.Time{}, false }
func (none) Done() <-chan struct{}             { return nil }
func (none) Err() error                        { return nil }
func (none) Value(key interface{}) interface{} { return key }

// richContext is more than context.Context.
type richContext interface {
	context.Context
	User() string
}

// embedding has its parent embedded, behind something else.
type embedding struct {
	pad int64
	context.Context
}

// embeddingLater has another context before the one that is embedded.
type embeddingLater struct {
	other context.Context
	context.Context
}

// embeddingRich embeds an interface that includes context.Context.
type embeddingRich struct {
	pad [2]int64
	richContext
}

// nested embeds a struct that embeds the parent.
type nested struct {
	pad int64
	embedding
}

// nestedPointer embeds a pointer to such a struct.
type nestedPointer struct {
	pad [3]int64
	*embedding
}

// named keeps its parent in a field, and asks it.
type named struct {
	none
	parent, second context.Context
}

func (n *named) Value(key interface{}) interface{} { return n.parent.Value(key) }

// base has a context but is none.
type base struct {
	pad int64
	ctx context.Context
}

// based has its parent in a struct that is embedded and no context.
type based struct {
	base
	id int64
}

func (*based) Deadline() (time.Time, bool)         { return time.Time{}, false }
func (*based) Done() <-chan struct{}               { return nil }
func (*based) Err() error                          { return nil }
func (b *based) Value(key interface{}) interface{} { return b.ctx.Value(key) }

// ofRequest is like *gin.Context.
type ofRequest struct {
	pad     [5]int64
	Request *http.Request
	none
}

func (o *ofRequest) Value(key interface{}) interface{} { return o.Request.Context().Value(key) }

// twoPointers is like a struct that embeds *gin.Context.
type twoPointers struct {
	pad int64
	*ofRequest
}

// direct is held in an interface without a pointer.
type direct struct{ *embedding }

// recursive embeds a pointer to itself.
type recursive struct {
	*recursive
	none
}

// almost has methods of the right names, but not of the right types.
type almost struct {
	context.Context
}

func (almost) Value(key string) string { return key }

func contexts() []context.Context {
	ctx := context.WithValue(context.Background(), 1, 2)
	request, _ := http.NewRequest("GET", "/", nil)
	embedded := &embedding{Context: ctx}
	request = request.WithContext(embedded)
	var sink interface{} = almost{ctx}
	_ = sink.(interface{ Value(string) string })
	gin := &ofRequest{Request: request}
	return []context.Context{
		none{}, &none{}, embedded, *embedded,
		&embeddingLater{Context: ctx}, &embeddingRich{richContext: &rich{ctx}},
		&nested{embedding: *embedded}, &nestedPointer{embedding: embedded},
		&named{parent: ctx}, &based{base: base{ctx: ctx}}, gin, &twoPointers{ofRequest: gin},
		direct{embedded}, &recursive{},
	}
}

// rich is a richContext.
type rich struct{ context.Context }

func (rich) User() string { return "" }
