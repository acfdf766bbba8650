// SPDX-License-Identifier: Apache-2.0

//go:build !linux || (!amd64 && !arm64)

package databasesql

import (
	"errors"

	"github.com/cilium/ebpf"
)

func (library) Programs() (*ebpf.CollectionSpec, error) { return nil, errors.ErrUnsupported }
