// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
	"sync"
)

// A request of a chain says where it goes on: "http1/127.0.0.1:80,grpc/127.0.0.3:81" calls the first by HTTP, which
// calls the second by gRPC. Each service answers with a line that says which headers came in, and with the lines of
// those behind it.

// passOnHTTP takes requests to /chain/<id>?next=<hops>.
func passOnHTTP(w http.ResponseWriter, r *http.Request) {
	came := trail(r.Header["Traceparent"], r.Header["Tracestate"])
	lines, err := passOn(r.Context(), path.Base(r.URL.Path), r.URL.Query().Get("next"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, came+lines)
}

// trail is the line of a service: the values of both headers, "-" where there is none.
func trail(traceparent, tracestate []string) string {
	line := make([]string, 2)
	for i, values := range [][]string{traceparent, tracestate} {
		if line[i] = strings.Join(values, ";"); values == nil {
			line[i] = "-"
		}
	}
	return strings.Join(line, " ") + "\n"
}

// passOn calls the next service, if there is one, and returns the lines of it and those behind it.
func passOn(ctx context.Context, id, hops string) (string, error) {
	if hops == "" {
		return "", nil
	}
	hop, rest, _ := strings.Cut(hops, ",")
	protocol, address, _ := strings.Cut(hop, "/")
	if strings.HasPrefix(protocol, "grpc") {
		return passOnGRPC(ctx, protocol == "grpcs", address, id, rest)
	}
	client, err := hopClients.get(protocol)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, baseURL(protocol, address)+"/chain/"+id+"?next="+rest, nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	lines, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", hop, response.Status, lines)
	}
	return string(lines), err
}

// hopClients are the clients for calls to next services, by protocol.
var hopClients = &clients{by: map[string]*http.Client{}}

type clients struct {
	mu sync.Mutex
	by map[string]*http.Client
}

func (c *clients) get(protocol string) (*http.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, known := c.by[protocol]; known {
		return client, nil
	}
	transport, err := newTransport(command{Protocol: protocol})
	if err != nil {
		return nil, err
	}
	c.by[protocol] = &http.Client{Transport: transport}
	return c.by[protocol], nil
}
