// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/confmap"
)

// PortRange is the TCP ports from First to Last, both included. In a configuration
// it is a number, 8080, or a text, "8080" or "9000-9099".
type PortRange struct {
	First uint16 `mapstructure:"-"`
	Last  uint16 `mapstructure:"-"`
}

// UnmarshalScalar reads a port or a range of ports.
func (r *PortRange) UnmarshalScalar(value confmap.ScalarValue) error {
	text := fmt.Sprint(value.GetRaw())
	first, last, isRange := strings.Cut(text, "-")
	if !isRange {
		last = first
	}
	var err error
	if r.First, err = parsePort(first); err == nil {
		r.Last, err = parsePort(last)
	}
	if err != nil || r.First > r.Last {
		return fmt.Errorf("%q is not a port or range: want a number from 1 to 65535, or two as in \"9000-9099\"", text)
	}
	return nil
}

// MarshalScalar writes what UnmarshalScalar reads.
func (r PortRange) MarshalScalar(value confmap.ScalarValue) error {
	return value.Marshal(r.String())
}

func (r PortRange) String() string {
	if r.First == r.Last {
		return strconv.Itoa(int(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}

func parsePort(text string) (uint16, error) {
	port, err := strconv.ParseUint(strings.TrimSpace(text), 10, 16)
	if err == nil && port == 0 {
		err = strconv.ErrRange
	}
	return uint16(port), err
}
