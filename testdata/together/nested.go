// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// transaction calls the peer in the middle of a transaction, between its statements.
func transaction(s *service, ctx context.Context, r request) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, do := range []func() error{
		func() error { return execute(ctx, tx, r) },
		func() error { return callGRPC(s, ctx, r) },
		func() error { return query(ctx, tx, r) },
		func() error { return callHTTP(s, ctx, r) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// whileRowsAreOpen calls the peer for every row of a query.
func whileRowsAreOpen(s *service, ctx context.Context, r request) error {
	rows, err := s.db.QueryContext(ctx, "SELECT number FROM orders WHERE request = "+r.id+" AND pause = ?", int64(r.pause))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := callGRPC(s, ctx, r); err != nil {
			return err
		}
		if err := callHTTP(s, ctx, r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// whileStreamIsOpen queries, and calls the peer by HTTP, between the messages of a stream to it.
func whileStreamIsOpen(s *service, ctx context.Context, r request) error {
	stream, err := openStream(ctx, s.peer.channel, r)
	if err != nil {
		return err
	}
	for _, do := range []func() error{
		func() error { return query(ctx, s.db, r) },
		func() error { return callHTTP(s, ctx, r) },
		func() error { return execute(ctx, s.db, r) },
	} {
		if err := exchange(stream, r); err != nil {
			return err
		}
		if err := do(); err != nil {
			return err
		}
	}
	return closeStream(stream)
}

func openStream(ctx context.Context, channel *grpc.ClientConn, r request) (grpc.ClientStream, error) {
	return channel.NewStream(ctx, &grpc.StreamDesc{StreamName: "Call", ServerStreams: true, ClientStreams: true}, methodOf(r))
}

func exchange(stream grpc.ClientStream, r request) error {
	if err := stream.SendMsg(wrapperspb.String(r.pause.String())); err != nil {
		return err
	}
	return stream.RecvMsg(new(wrapperspb.StringValue))
}

// closeStream waits for the end of a stream that the peer ends without an error.
func closeStream(stream grpc.ClientStream) error {
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := stream.RecvMsg(new(wrapperspb.StringValue)); err != io.EOF {
		return err
	}
	return nil
}

// intercepted calls by gRPC, and the interceptor queries before it lets the call begin.
func intercepted(s *service, ctx context.Context, r request) error {
	return s.peer.invoke(withRequest(ctx, r), s.peer.intercepted, r)
}

func interceptedStream(s *service, ctx context.Context, r request) error {
	stream, err := openStream(withRequest(ctx, r), s.peer.intercepted, r)
	if err != nil {
		return err
	}
	if err := exchange(stream, r); err != nil {
		return err
	}
	return closeStream(stream)
}

// authorized calls by gRPC, which first gets a token by HTTP, in the middle of the call.
func authorized(s *service, ctx context.Context, r request) error {
	return s.peer.invoke(withRequest(ctx, r), s.peer.authorized, r)
}

// queryingHTTP calls by HTTP, and the transport queries to find the proxy to call.
func queryingHTTP(s *service, ctx context.Context, r request) error {
	return s.peer.get(withRequest(ctx, r), s.peer.queryingHTTP, r)
}

// duringStatement queries, with a driver that does something else in the middle of it.
func duringStatement(do action) action {
	return func(s *service, ctx context.Context, r request) error {
		during := func(ctx context.Context) error { return do(s, ctx, r) }
		return query(withDuring(ctx, during), s.db, r)
	}
}
