// SPDX-License-Identifier: Apache-2.0

// Package products is what catalog and those who call it agree on: what a product is, and the gRPC
// service by which they ask for products.
package products

import "google.golang.org/protobuf/types/known/structpb"

// Product is something that the shop sells. Its price is in cents.
type Product struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Price int64  `json:"price"`
}

// message is the product as it travels.
func (p Product) message() *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"id":    structpb.NewNumberValue(float64(p.ID)),
		"name":  structpb.NewStringValue(p.Name),
		"price": structpb.NewNumberValue(float64(p.Price)),
	}}
}

// fromMessage is the product that arrived.
func fromMessage(message *structpb.Struct) Product {
	fields := message.GetFields()
	return Product{
		ID:    int64(fields["id"].GetNumberValue()),
		Name:  fields["name"].GetStringValue(),
		Price: int64(fields["price"].GetNumberValue()),
	}
}
