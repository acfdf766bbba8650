// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Escape sequences of terminals (ECMA-48, SGR).
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	blue   = "34"
	yellow = "33"
)

// shownAttributes are the attributes that are printed, where a span has them and is not named so.
var shownAttributes = []string{
	"url.path", "url.full", "http.response.status_code",
	"rpc.method", "rpc.response.status_code",
	"db.query.summary", "db.query.text", "db.response.status_code",
	"error.type",
}

// printer prints trees as text.
type printer struct {
	out    io.Writer
	colour bool
}

// visit prints a visit and the trees that belong to it.
func (p printer) visit(v visit, trees forest) {
	fmt.Fprintf(p.out, "\n%s  %d  %s  %s\n",
		p.paint(bold, v.method+" "+v.path), v.status, milliseconds(v.duration), p.paint(dim, v.what))
	for _, root := range trees {
		p.node(root, "  ", "    ")
	}
}

// node prints a span behind head, and the spans below it behind tail.
func (p printer) node(n *node, head, tail string) {
	kind, colour := "server", blue
	if n.span.Kind() == ptrace.SpanKindClient {
		kind, colour = "client", yellow
	}
	status := p.paint(green, "ok")
	if n.span.Status().Code() == ptrace.StatusCodeError {
		status = p.paint(red, "error")
	}
	duration := n.span.EndTimestamp().AsTime().Sub(n.span.StartTimestamp().AsTime())
	columns := []string{p.paint(colour, n.service) + " " + kind + " " + p.paint(bold, n.span.Name()), milliseconds(duration), status}
	for _, key := range shownAttributes {
		if value, has := n.span.Attributes().Get(key); has && value.AsString() != n.span.Name() {
			columns = append(columns, p.paint(dim, key+"="+value.AsString()))
		}
	}
	fmt.Fprintf(p.out, "%s%s\n", head, strings.Join(columns, "  "))
	for i, child := range n.children {
		if i < len(n.children)-1 {
			p.node(child, tail+"├─ ", tail+"│  ")
		} else {
			p.node(child, tail+"└─ ", tail+"   ")
		}
	}
}

// paint puts a text into a colour, if there are colours.
func (p printer) paint(code, text string) string {
	if !p.colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}
