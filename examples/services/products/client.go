// SPDX-License-Identifier: Apache-2.0

package products

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// Client calls catalog.
type Client struct{ conn *grpc.ClientConn }

// Dial returns a client of the catalog at an address. It connects with the first call.
func Dial(address string) (*Client, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	return &Client{conn}, nil
}

// Get returns one product. Its error has the code NotFound if there is none with this id.
func (c *Client) Get(ctx context.Context, id int64) (Product, error) {
	answer := new(structpb.Struct)
	if err := c.conn.Invoke(ctx, getMethod, wrapperspb.Int64(id), answer); err != nil {
		return Product{}, err
	}
	return fromMessage(answer), nil
}

// List returns all products.
func (c *Client) List(ctx context.Context) ([]Product, error) {
	stream, err := c.conn.NewStream(ctx, &catalog.Streams[0], listMethod)
	if err != nil {
		return nil, err
	}
	if err := stream.SendMsg(new(emptypb.Empty)); err != nil {
		return nil, err
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var list []Product
	for {
		answer := new(structpb.Struct)
		err := stream.RecvMsg(answer)
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		list = append(list, fromMessage(answer))
	}
}
