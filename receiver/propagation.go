// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// PropagationConfig says how the trace context passes from one process to another.
type PropagationConfig struct {
	// Mode says how outgoing requests get their trace context.
	Mode tracer.PropagationMode `mapstructure:"mode"`

	// Formats are the headers in which incoming requests may name their parent.
	// Outgoing ones are always in that of W3C Trace Context.
	Formats []tracer.PropagationFormat `mapstructure:"formats"`
}

func (c *Config) validatePropagation() error {
	var errs []error
	if !slices.Contains(tracer.PropagationModes, c.Propagation.Mode) {
		errs = append(errs, fmt.Errorf("propagation.mode: %q is not one of %s", c.Propagation.Mode, list(tracer.PropagationModes)))
	}
	if len(c.Propagation.Formats) == 0 {
		errs = append(errs, fmt.Errorf("propagation.formats: at least one of %s is required", list(tracer.PropagationFormats)))
	}
	for i, format := range c.Propagation.Formats {
		key := fmt.Sprintf("propagation.formats[%d]", i)
		if !slices.Contains(tracer.PropagationFormats, format) {
			errs = append(errs, fmt.Errorf("%s: %q is not one of %s", key, format, list(tracer.PropagationFormats)))
		} else if slices.Contains(c.Propagation.Formats[:i], format) {
			errs = append(errs, fmt.Errorf("%s: %q is there twice", key, format))
		}
	}
	return errors.Join(errs...)
}

func list[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ", ")
}
