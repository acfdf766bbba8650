// SPDX-License-Identifier: Apache-2.0

// Command init is the first process of a virtual machine, see the package guest.
package main

import "github.com/ebpfgo/ebpfgoreceiver/internal/vm/guest"

func main() { guest.Run() }
