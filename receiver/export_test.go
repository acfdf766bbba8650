// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"go.opentelemetry.io/collector/receiver"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// NewFactoryWithLayoutsOf is NewFactory for receivers that take layouts from some sources alone.
func NewFactoryWithLayoutsOf(sources ...gobinary.Source) receiver.Factory {
	return newFactory(func(o *tracer.Options) { o.Sources = sources })
}
