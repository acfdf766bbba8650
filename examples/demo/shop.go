// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// serviceNames are the services in the order in which they are built.
var serviceNames = []string{"catalog", "payment", "checkout", "frontend"}

// shop is the running services and their base URLs, by name.
type shop struct {
	processes []*process
	urls      map[string]string
}

// startShop starts the services, each after those that it calls. stop is to be called on what it
// returns also if it returns an error.
func startShop(folder string) (*shop, error) {
	s := &shop{urls: map[string]string{}}
	for _, name := range serviceNames {
		args := []string{"-addr", "127.0.0.1:0"}
		switch name {
		case "checkout":
			args = append(args, "-catalog", s.urls["catalog"], "-payment", s.urls["payment"])
		case "frontend":
			args = append(args, "-catalog", s.urls["catalog"], "-checkout", s.urls["checkout"])
		}
		p, err := start(filepath.Join(folder, name), args)
		if err != nil {
			return s, err
		}
		s.processes = append(s.processes, p)
		address, err := listeningAddress(p)
		if err != nil {
			return s, err
		}
		s.urls[name] = "http://" + address
	}
	return s, nil
}

// listeningAddress waits for the line in which a service says where it listens.
func listeningAddress(p *process) (string, error) {
	for deadline := time.Now().Add(attachTimeout); time.Now().Before(deadline); time.Sleep(pollInterval / 10) {
		for _, line := range p.log.lines() {
			if address, found := strings.CutPrefix(line, "listening "); found {
				return address, nil
			}
		}
		if err := p.hasEnded(); err != nil {
			return "", fmt.Errorf("%w\n%s", err, p.log.last(20))
		}
	}
	return "", fmt.Errorf("%s does not listen", filepath.Base(p.command.Path))
}

func (s *shop) stop() {
	for _, p := range s.processes {
		p.stop()
	}
}

// untilTraced makes requests until the file has a span of each kind that each service yields.
func (s *shop) untilTraced(ctx context.Context, collector *process, file string) error {
	wanted := map[string]bool{}
	for _, name := range serviceNames {
		wanted[name+" "+ptrace.SpanKindServer.String()] = true
	}
	for _, name := range []string{"frontend", "checkout"} {
		wanted[name+" "+ptrace.SpanKindClient.String()] = true
	}
	deadline := time.Now().Add(attachTimeout)
	for {
		if err := collector.hasEnded(); err != nil {
			return err
		}
		// This one goes through all of them.
		if _, err := s.send(ctx, order("2", 1, "EUR")); err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return err
		}
		trees, err := readTrees(file)
		if err != nil {
			return err
		}
		for _, t := range trees {
			t.walk(func(n *node) { delete(wanted, n.service+" "+n.span.Kind().String()) })
		}
		if len(wanted) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			missing := strings.Join(slices.Sorted(maps.Keys(wanted)), ", ")
			return fmt.Errorf("no spans of %s after %v", missing, attachTimeout)
		}
	}
}
