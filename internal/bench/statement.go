// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// statements has testdata/sqlclient perform a command, which is one request with as many operations
// as the command has repetitions.
type statements struct {
	target  *targettest.Target
	command targettest.SQLCommand
}

func (s statements) connect() (func() (*exchange, error), func(), error) {
	open := func() (*exchange, error) { return &exchange{shared, s.perform}, nil }
	return open, func() {}, nil
}

func (s statements) perform() error {
	for i, results := range s.target.DoSQL(s.command) {
		for _, result := range results {
			if result.Error != "" {
				return fmt.Errorf("repetition %d: %s", i, result.Error)
			}
		}
	}
	return nil
}
