// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// request is what a caller wants done: "id=17&do=sql,http&via=pool&context=chain&pause=10ms".
type request struct {
	id      string        // stands in every statement, URL and method that comes of it
	do      []string      // the actions, in their order
	via     string        // the way; empty is the handler's own goroutine
	context string        // what the actions' context is wrapped in (contexts.go)
	pause   time.Duration // how long each statement and call takes at least
}

func parseRequest(query url.Values) (r request, err error) {
	r = request{id: query.Get("id"), via: query.Get("via"), context: query.Get("context")}
	if names := query.Get("do"); names != "" {
		r.do = strings.Split(names, ",")
	}
	if pause := query.Get("pause"); pause != "" {
		r.pause, err = time.ParseDuration(pause)
	}
	return r, err
}

// perform does what a request wants, in the way that it wants.
func (s *service) perform(ctx context.Context, r request) error {
	way, known := ways[r.via]
	if !known {
		return fmt.Errorf("no way %q", r.via)
	}
	tasks := make([]task, len(r.do))
	for i, name := range r.do {
		action, known := actions[name]
		if !known {
			return fmt.Errorf("no action %q", name)
		}
		tasks[i] = func(ctx context.Context) error {
			ctx, cancel, err := wrap(ctx, r.context)
			if err != nil {
				return err
			}
			defer cancel()
			if err := action(s, ctx, r); err != nil {
				return fmt.Errorf("%s of request %s: %w", name, r.id, err)
			}
			return nil
		}
	}
	return way(s, ctx, r, tasks)
}
