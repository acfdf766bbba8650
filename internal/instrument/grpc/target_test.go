// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestServerOfTarget(t *testing.T) {
	for target, want := range map[string]struct {
		address string
		port    int
	}{
		"":                                   {"", 0},
		"shop.example:8443":                  {"shop.example", 8443},
		"shop.example":                       {"shop.example", 0},
		"192.0.2.7:8443":                     {"192.0.2.7", 8443},
		"[2001:db8::1]:8443":                 {"2001:db8::1", 8443},
		":8443":                              {"", 8443},
		"dns:///shop.example:8443":           {"shop.example", 8443},
		"dns:///shop.example":                {"shop.example", 443},
		"dns:shop.example:8443":              {"shop.example", 8443},
		"dns:shop.example":                   {"shop.example", 443},
		"dns://192.0.2.53/shop.example:8443": {"shop.example", 8443},
		"dns:///[2001:db8::1]":               {"2001:db8::1", 443},
		"dns:":                               {"", 0},
		"passthrough:///shop.example:8443":   {"shop.example", 8443},
		"passthrough:///shop.example":        {"shop.example", 0},
		"passthrough:///[2001:db8::1]:8443":  {"2001:db8::1", 8443},
		"unix:/run/shop":                     {"/run/shop", 0},
		"unix:///run/shop":                   {"/run/shop", 0},
		"unix:shop":                          {"shop", 0},
		"unix-abstract:shop":                 {"@shop", 0},
		"unix-abstract:///shop":              {"@/shop", 0},
		"xds:///shop":                        {"xds:///shop", 0},
		"zookeeper://zk.example/shop:1":      {"zookeeper://zk.example/shop:1", 0},
	} {
		address, port := serverOf(target)
		assert.Equal(t, want.address, address, target)
		assert.Equal(t, want.port, port, target)
	}
}
