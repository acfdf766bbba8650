// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// serviceNames are the services in the order in which they are built.
var serviceNames = []string{"catalog", "payment", "checkout", "frontend"}

// shop is the running services and the addresses that they listen on, by name.
type shop struct {
	processes []*process
	addresses map[string]string
}

// startShop starts the services, each after those that it calls, with their databases beside their
// executables. stop is to be called on what it returns also if it returns an error.
func startShop(folder string) (*shop, error) {
	s := &shop{addresses: map[string]string{}}
	for _, name := range serviceNames {
		args := []string{"-addr", "127.0.0.1:0"}
		switch name {
		case "catalog":
			args = append(args, "-database", filepath.Join(folder, "catalog.db"))
		case "checkout":
			args = append(args, "-database", filepath.Join(folder, "checkout.db"),
				"-catalog", s.addresses["catalog"], "-payment", "http://"+s.addresses["payment"])
		case "frontend":
			args = append(args, "-catalog", s.addresses["catalog"], "-checkout", "http://"+s.addresses["checkout"])
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
		s.addresses[name] = address
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

// untilTraced orders until the file has all spans of an order, which goes through all the services.
func (s *shop) untilTraced(ctx context.Context, collector *process, file string) error {
	var made []visit
	deadline := time.Now().Add(attachTimeout)
	for {
		if err := collector.hasEnded(); err != nil {
			return err
		}
		v, err := s.send(ctx, order("2", 1, "EUR").saying("an order"))
		if err != nil {
			return err
		}
		made = append(made, v)
		if err := pause(ctx); err != nil {
			return err
		}
		trees, err := readTrees(file)
		if err != nil {
			return err
		}
		groups := group(trees, made)
		most := 0
		for i := range made {
			if groups[i].size() > groups[most].size() {
				most = i
			}
		}
		if groups[most].size() == v.spans {
			return nil
		}
		if time.Now().After(deadline) {
			var seen strings.Builder
			printer{out: &seen}.visit(made[most], groups[most])
			return fmt.Errorf("not all %d spans of an order after %v, but:\n%s", v.spans, attachTimeout, &seen)
		}
	}
}
