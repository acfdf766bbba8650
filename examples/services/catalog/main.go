// SPDX-License-Identifier: Apache-2.0

// Command catalog knows the shop's products and their prices. It answers by gRPC, out of a database.
package main

import (
	"context"
	"flag"
	"log"

	"google.golang.org/grpc"

	"example.com/shop/products"
	"example.com/shop/service"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8081", "address to listen on")
	database := flag.String("database", "catalog.db", "file of the database")
	flag.Parse()

	store, err := open(*database)
	if err != nil {
		log.Fatal(err)
	}
	defer store.db.Close()
	server := grpc.NewServer()
	products.Register(server, store)
	service.Run(*addr, server.Serve, func(ctx context.Context) error {
		defer context.AfterFunc(ctx, server.Stop)()
		server.GracefulStop()
		return nil
	})
}
