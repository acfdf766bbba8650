// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package guest is what runs as the first process of a virtual machine: it mounts what tests read,
// runs them, says on the console what became of them, and switches the machine off.
package guest

import (
	"encoding/json"
	"os"
	"time"
)

// OrdersFile is where a machine's image has its Orders.
const OrdersFile = "/orders.json"

// Orders say what a machine is to be, and what to run in it.
type Orders struct {
	// Lockdown and Preempt are what the kernel must say that is in force: "none" or "integrity", and
	// "voluntary" or "full". Empty: anything.
	Lockdown, Preempt string
	Commands          []Command
}

// Command is one program to run.
type Command struct {
	Name    string // by which it is reported
	Folder  string // that it runs in
	Args    []string
	Env     []string
	Timeout time.Duration // after which it is killed
	// Want are the tests that must pass, by their names. One with a slash at its end is any subtest.
	Want []string
}

// Encode returns the content of OrdersFile.
func (o Orders) Encode() ([]byte, error) { return json.MarshalIndent(o, "", "\t") }

// readOrders reads those of this machine.
func readOrders() (o Orders, err error) {
	content, err := os.ReadFile(OrdersFile)
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(content, &o)
}
