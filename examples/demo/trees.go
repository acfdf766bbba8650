// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// node is a span with its children, in the order of their starts.
type node struct {
	service  string
	span     ptrace.Span
	children []*node
}

// walk calls do for the node and all below it.
func (n *node) walk(do func(*node)) {
	do(n)
	for _, child := range n.children {
		child.walk(do)
	}
}

// forest is the trees of one visit, in the order of their starts.
type forest []*node

// size is the number of spans.
func (f forest) size() int {
	size := 0
	for _, root := range f {
		root.walk(func(*node) { size++ })
	}
	return size
}

// readTrees reads the trees from what the file exporter has written so far: one ptrace.Traces as JSON
// on each line. A line without an end is still being written; no file has no trees.
func readTrees(file string) (forest, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var nodes []*node
	for {
		line, rest, complete := bytes.Cut(content, []byte("\n"))
		if !complete {
			return plant(nodes), nil
		}
		content = rest
		traces, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(line)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", file, err)
		}
		for _, resource := range traces.ResourceSpans().All() {
			service, _ := resource.Resource().Attributes().Get("service.name")
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					nodes = append(nodes, &node{service: service.AsString(), span: span})
				}
			}
		}
	}
}

// plant makes trees of spans: a root is a span whose parent is not among them.
func plant(nodes []*node) forest {
	type id struct {
		trace pcommon.TraceID
		span  pcommon.SpanID
	}
	slices.SortStableFunc(nodes, func(a, b *node) int {
		return cmp.Compare(a.span.StartTimestamp(), b.span.StartTimestamp())
	})
	byID := map[id]*node{}
	for _, n := range nodes {
		byID[id{n.span.TraceID(), n.span.SpanID()}] = n
	}
	var roots forest
	for _, n := range nodes {
		if parent, known := byID[id{n.span.TraceID(), n.span.ParentSpanID()}]; known {
			parent.children = append(parent.children, n)
		} else {
			roots = append(roots, n)
		}
	}
	return roots
}

// group gives every visit its trees: that of frontend, which has the visit's trace, and those that
// began while frontend's span was open, because visits are made one after the other.
func group(trees forest, visits []visit) []forest {
	groups := make([]forest, len(visits))
	for i, v := range visits {
		for _, first := range trees {
			if first.span.TraceID() != v.trace {
				continue
			}
			for _, tree := range trees {
				start := tree.span.StartTimestamp()
				if start >= first.span.StartTimestamp() && start <= first.span.EndTimestamp() {
					groups[i] = append(groups[i], tree)
				}
			}
			break
		}
	}
	return groups
}
