// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument/catalog"
)

// InstrumentationConfig configures the tracing of one library.
type InstrumentationConfig struct {
	// Enabled is on when it is nil.
	Enabled *bool `mapstructure:"enabled"`

	// Options are the other keys, each of which is one that the instrumentation has.
	Options map[string]any `mapstructure:",remain"`
}

func (c *Config) validateInstrumentations() error {
	known := catalog.Instrumentations()
	names := slices.Sorted(maps.Keys(known))
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Instrumentations)) {
		key := "instrumentations." + name
		instrumentation, ok := known[name]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: no such instrumentation; there are %s", key, strings.Join(names, ", ")))
			continue
		}
		errs = append(errs, validateOptions(key, c.Instrumentations[name].Options, instrumentation.Options))
	}
	if !slices.ContainsFunc(names, c.instrumentationEnabled) {
		errs = append(errs, errors.New("instrumentations: all are off, so nothing would be traced"))
	}
	return errors.Join(errs...)
}

func validateOptions(key string, configured map[string]any, options []instrument.Option) error {
	names := []string{"enabled"}
	for _, option := range options {
		names = append(names, option.Name)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(configured)) {
		i := slices.IndexFunc(options, func(o instrument.Option) bool { return o.Name == name })
		if i < 0 {
			errs = append(errs, fmt.Errorf("%s.%s: no such key; there are %s", key, name, strings.Join(names, ", ")))
			continue
		}
		if value, ok := configured[name].(string); !ok || !slices.Contains(options[i].Values, value) {
			errs = append(errs, fmt.Errorf("%s.%s: %v is not one of %s", key, name, configured[name], strings.Join(options[i].Values, ", ")))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) instrumentationEnabled(name string) bool {
	enabled := c.Instrumentations[name].Enabled
	return enabled == nil || *enabled
}

// instrumentationOptions returns what tells the values of an instrumentation's options, by
// name. The configuration is valid.
func (c *Config) instrumentationOptions() func(name string) map[string]string {
	values := map[string]map[string]string{}
	for name, instrumentation := range catalog.Instrumentations() {
		values[name] = map[string]string{}
		for _, option := range instrumentation.Options {
			values[name][option.Name] = option.Values[0]
			if configured, ok := c.Instrumentations[name].Options[option.Name].(string); ok {
				values[name][option.Name] = configured
			}
		}
	}
	return func(name string) map[string]string { return values[name] }
}
