// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package databasesql

import (
	"github.com/cilium/ebpf"

	"github.com/ebpfgo/ebpfgoreceiver/bpf"
)

func (library) Programs() (*ebpf.CollectionSpec, error) { return bpf.LoadDatabasesql() }
