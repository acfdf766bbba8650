// SPDX-License-Identifier: Apache-2.0

package nethttp

import "strings"

// origin is what the proxies in front of a server say about the client's own request.
// A field that nobody spoke of is empty.
type origin struct {
	client string // address, with or without port
	host   string
	scheme string
}

// forwarding is the request headers that proxies add.
type forwarding struct {
	forwarded, xFor, xHost, xProto string
}

// origin reads the headers in the order that semantic conventions give: Forwarded
// (RFC 7239) before X-Forwarded-…; of several proxies the one next to the client.
func (f forwarding) origin() origin {
	if f == (forwarding{}) {
		return origin{}
	}
	o := origin{client: first(f.xFor), host: first(f.xHost), scheme: first(f.xProto)}
	for _, pair := range strings.Split(first(f.forwarded), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.Trim(value, `"`)
		if value == "" {
			continue
		}
		switch strings.ToLower(name) {
		case "for":
			o.client = value
		case "host":
			o.host = value
		case "proto":
			o.scheme = value
		}
	}
	o.scheme = strings.ToLower(o.scheme)
	if o.scheme != "http" && o.scheme != "https" {
		o.scheme = ""
	}
	return o
}

// first returns the first element of a list header.
func first(list string) string {
	element, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(element)
}
