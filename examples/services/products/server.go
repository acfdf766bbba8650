// SPDX-License-Identifier: Apache-2.0

package products

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const (
	getMethod  = "/shop.Catalog/GetProduct"
	listMethod = "/shop.Catalog/ListProducts"
)

// Server answers the calls of shop.Catalog.
type Server interface {
	// GetProduct returns one product, or an error with the code NotFound.
	GetProduct(ctx context.Context, id int64) (Product, error)
	// ListProducts calls send for every product, until that fails.
	ListProducts(ctx context.Context, send func(Product) error) error
}

// Register lets a gRPC server answer the calls of shop.Catalog.
func Register(on grpc.ServiceRegistrar, server Server) {
	on.RegisterService(&catalog, server)
}

// catalog is the service, written by hand so that building the shop takes Go alone.
var catalog = grpc.ServiceDesc{
	ServiceName: "shop.Catalog",
	HandlerType: (*Server)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "GetProduct", Handler: getProduct}},
	Streams:     []grpc.StreamDesc{{StreamName: "ListProducts", Handler: listProducts, ServerStreams: true}},
}

func getProduct(server any, ctx context.Context, decode func(any) error, intercept grpc.UnaryServerInterceptor) (any, error) {
	id := new(wrapperspb.Int64Value)
	if err := decode(id); err != nil {
		return nil, err
	}
	handle := func(ctx context.Context, request any) (any, error) {
		product, err := server.(Server).GetProduct(ctx, request.(*wrapperspb.Int64Value).GetValue())
		if err != nil {
			return nil, err
		}
		return product.message(), nil
	}
	if intercept == nil {
		return handle(ctx, id)
	}
	return intercept(ctx, id, &grpc.UnaryServerInfo{Server: server, FullMethod: getMethod}, handle)
}

func listProducts(server any, stream grpc.ServerStream) error {
	if err := stream.RecvMsg(new(emptypb.Empty)); err != nil {
		return err
	}
	return server.(Server).ListProducts(stream.Context(), func(product Product) error {
		return stream.SendMsg(product.message())
	})
}
