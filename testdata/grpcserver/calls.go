// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// dialOptions are those of all channels.
var dialOptions = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}

// connections are those to the targets so far.
var connections struct {
	sync.Mutex
	to map[string]*grpc.ClientConn
}

func connection(target string) (*grpc.ClientConn, error) {
	connections.Lock()
	defer connections.Unlock()
	if conn, known := connections.to[target]; known {
		return conn, nil
	}
	conn, err := grpc.Dial(target, dialOptions...)
	if err != nil {
		return nil, err
	}
	if connections.to == nil {
		connections.to = map[string]*grpc.ClientConn{}
	}
	connections.to[target] = conn
	return conn, nil
}

// call takes a query: it calls the unary method of target with message, and with the call's own
// context, wrapped as context says (contexts.go).
func call(ctx context.Context, request string) (string, error) {
	query, err := url.ParseQuery(request)
	if err != nil {
		return "", err
	}
	ctx, cancel, err := wrap(ctx, query.Get("context"))
	if err != nil {
		return "", err
	}
	defer cancel()
	return invoke(ctx, query)
}

func invoke(ctx context.Context, query url.Values) (string, error) {
	conn, err := connection(query.Get("target"))
	if err != nil {
		return "", err
	}
	answer := new(wrapperspb.StringValue)
	err = conn.Invoke(ctx, query.Get("method"), wrapperspb.String(query.Get("message")), answer)
	return answer.GetValue(), err
}

// outcome is what became of a call on another goroutine.
type outcome struct {
	answer string
	err    error
}

// callGoroutine is call on a new goroutine and without a context, while the handler waits for it.
func callGoroutine(_ context.Context, request string) (string, error) {
	done := make(chan outcome)
	go func() {
		answer, err := call(context.Background(), request)
		done <- outcome{answer, err}
	}()
	o := <-done
	return o.answer, o.err
}

// callBackground is callGoroutine for a call that is made only after the handler has returned and
// grpc has finished the handler's call.
func callBackground(ctx context.Context, request string) (string, error) {
	go func() {
		<-ctx.Done()
		if _, err := call(context.Background(), request); err != nil {
			log.Print(err)
		}
	}()
	return "later", nil
}

// pool are functions to run on goroutines that live as long as the process.
var pool = make(chan func())

func init() {
	for i := 0; i < 4; i++ {
		go func() {
			for do := range pool {
				do()
			}
		}()
	}
}

// callPool is call on a goroutine of the pool, which is handed the context.
func callPool(ctx context.Context, request string) (string, error) {
	done := make(chan outcome)
	pool <- func() {
		answer, err := call(ctx, request)
		done <- outcome{answer, err}
	}
	o := <-done
	return o.answer, o.err
}

// get takes a query: it gets url by net/http, with the call's own context, wrapped as context says.
func get(ctx context.Context, request string) (string, error) {
	query, err := url.ParseQuery(request)
	if err != nil {
		return "", err
	}
	ctx, cancel, err := wrap(ctx, query.Get("context"))
	if err != nil {
		return "", err
	}
	defer cancel()
	outgoing, err := http.NewRequestWithContext(ctx, http.MethodGet, query.Get("url"), nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(outgoing)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return fmt.Sprint(response.StatusCode), err
}
