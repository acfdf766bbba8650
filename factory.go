// SPDX-License-Identifier: Apache-2.0

// Package ebpfgoreceiver is an OpenTelemetry Collector receiver that traces running
// Go programs with eBPF uprobes: no SDK, no change, no restart of what it traces.
package ebpfgoreceiver

import (
	otelreceiver "go.opentelemetry.io/collector/receiver"

	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// Config is the configuration of one receiver instance.
type Config = receiver.Config

// NewFactory returns the factory of the receiver type "ebpfgo", for the receivers
// section of a collector builder manifest.
func NewFactory() otelreceiver.Factory {
	return receiver.NewFactory()
}
