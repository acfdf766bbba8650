// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
)

// TargetConfig selects processes and says what their spans carry.
type TargetConfig struct {
	SelectorConfig `mapstructure:",squash"`

	// ServiceName is the service.name of the matching processes.
	ServiceName string `mapstructure:"service_name"`

	// ResourceAttributes go to the resource of the matching processes.
	ResourceAttributes map[string]string `mapstructure:"resource_attributes"`
}

// SelectorConfig selects processes: those that meet every condition that is set.
type SelectorConfig struct {
	// Executable is a glob on the path of the executable as the process itself sees
	// it, inside its own mount namespace.
	Executable string `mapstructure:"executable"`

	// Ports are TCP ports; the process listens on one of them, now or later.
	Ports []PortRange `mapstructure:"ports"`

	// Environment holds a glob for each environment variable that the process must have.
	Environment map[string]string `mapstructure:"environment"`

	// PIDs are process identifiers as the collector sees them.
	PIDs []int `mapstructure:"pids"`

	// ContainerIDs are globs on the identifier of the container.
	ContainerIDs []string `mapstructure:"container_ids"`
}

func (t *TargetConfig) validate(path string) error {
	errs := []error{t.SelectorConfig.validate(path)}
	if _, ok := t.ResourceAttributes[""]; ok {
		errs = append(errs, fmt.Errorf("%s: resource_attributes: an attribute has no name", path))
	}
	return errors.Join(errs...)
}

func (s *SelectorConfig) validate(path string) error {
	err := s.selector().Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return at(path, err)
	}
	var errs []error
	for _, err := range joined.Unwrap() {
		errs = append(errs, at(path, err))
	}
	return errors.Join(errs...)
}

func at(path string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", path, err)
}

func (s *SelectorConfig) selector() *discovery.Selector {
	selector := &discovery.Selector{
		Executable:   s.Executable,
		Environment:  s.Environment,
		PIDs:         s.PIDs,
		ContainerIDs: s.ContainerIDs,
	}
	for _, ports := range s.Ports {
		selector.Ports = append(selector.Ports, discovery.PortRange(ports))
	}
	return selector
}
