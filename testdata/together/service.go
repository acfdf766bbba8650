// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// service is what handlers share.
type service struct {
	peer  *peer
	db    *sql.DB
	pool  pool
	hire  sync.Once
	hired pool // whose goroutines the first request starts that needs them
	holds holds
}

func newService(peerAddress string) (*service, error) {
	db, err := sql.Open("together", "")
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(1000)
	s := &service{db: db, pool: make(pool), hired: make(pool)}
	s.pool.start()
	s.peer, err = newPeer(peerAddress, db)
	return s, err
}

// routes are those of HTTP: /run/<id> takes a request as its query, /release/<id> goes on with what one has left behind,
// and /ok/ is what a peer calls.
func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/run/", func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		query.Set("id", path.Base(r.URL.Path))
		answer(w, s.run(r.Context(), query))
	})
	mux.HandleFunc("/release/", s.release)
	mux.HandleFunc("/ok/", func(w http.ResponseWriter, r *http.Request) {
		pause, _ := time.ParseDuration(r.URL.Query().Get("d"))
		time.Sleep(pause)
		io.WriteString(w, "ok")
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// run performs a request that came in as a query, from wherever.
func (s *service) run(ctx context.Context, query url.Values) error {
	r, err := parseRequest(query)
	if err != nil {
		return err
	}
	return s.perform(ctx, r)
}

// register adds what protoc-gen-go-grpc generates for
//
//	service Together {
//	  rpc Run(google.protobuf.StringValue) returns (google.protobuf.StringValue);
//	  rpc Release(google.protobuf.StringValue) returns (google.protobuf.StringValue);
//	  rpc RunEach(stream google.protobuf.StringValue) returns (stream google.protobuf.StringValue);
//	}
func (s *service) register(server *grpc.Server) {
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "example.Together",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{
			{MethodName: "Run", Handler: unary(s.run)},
			{MethodName: "Release", Handler: unary(func(_ context.Context, query url.Values) error {
				return s.holds.release(query.Get("id"))
			})},
		},
		Streams: []grpc.StreamDesc{{StreamName: "RunEach", Handler: s.runEach, ServerStreams: true, ClientStreams: true}},
	}, s)
}

// unary handles a unary method whose message is a query, and whose answer is empty.
func unary(do func(context.Context, url.Values) error) func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error) {
	return func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		message := new(wrapperspb.StringValue)
		if err := decode(message); err != nil {
			return nil, err
		}
		query, err := url.ParseQuery(message.GetValue())
		if err != nil {
			return nil, err
		}
		return new(wrapperspb.StringValue), do(ctx, query)
	}
}

// runEach performs each message that is a request, with the stream open all the time.
func (s *service) runEach(_ any, stream grpc.ServerStream) error {
	for {
		message := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		query, err := url.ParseQuery(message.GetValue())
		if err != nil {
			return err
		}
		if err := s.run(stream.Context(), query); err != nil {
			return err
		}
		if err := stream.SendMsg(new(wrapperspb.StringValue)); err != nil {
			return err
		}
	}
}

// answerCall is the handler of all methods that are not registered, which is what a peer calls. It answers each
// message after the time that the message says.
func answerCall(_ any, stream grpc.ServerStream) error {
	for {
		message := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		pause, _ := time.ParseDuration(message.GetValue())
		time.Sleep(pause)
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
}
