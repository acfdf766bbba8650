// SPDX-License-Identifier: Apache-2.0

package grpc

import (
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// defaultDNSPort is where the dns resolver of gRPC finds a server whose port is not said
// (internal/resolver/dns/dns_resolver.go).
const defaultDNSPort = 443

// serverOf returns the server that the target of a channel names, as gRPC's name syntax has
// it (https://github.com/grpc/grpc/blob/master/doc/naming.md). What another resolver than
// those of gRPC makes of a target is not known: the target stands for all its servers.
func serverOf(target string) (address string, port int) {
	scheme, rest, _ := strings.Cut(target, ":")
	switch scheme {
	case "dns":
		address, port = instrument.SplitHostPort(endpoint(rest))
		if port == 0 && address != "" {
			port = defaultDNSPort
		}
		return address, port
	case "passthrough":
		return instrument.SplitHostPort(endpoint(rest))
	case "unix":
		return strings.TrimPrefix(rest, "//"), 0
	case "unix-abstract":
		return "@" + strings.TrimPrefix(rest, "//"), 0
	}
	if strings.HasPrefix(rest, "//") {
		return target, 0
	}
	return instrument.SplitHostPort(target)
}

// endpoint is what a target has behind its scheme and authority: "//authority/endpoint", or
// the endpoint alone.
func endpoint(rest string) string {
	if behind, ok := strings.CutPrefix(rest, "//"); ok {
		_, rest, _ = strings.Cut(behind, "/")
	}
	return strings.TrimPrefix(rest, "/")
}
