// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// PortRange is a range of TCP ports, both ends included.
type PortRange struct{ First, Last uint16 }

// Selector names processes. All conditions that are set must hold.
type Selector struct {
	// Executable is a glob on the path as the process itself sees it: * stays within
	// a folder, ** as a whole path element crosses folders, and ?, [...] and {a,b}
	// are as in a shell.
	Executable string
	// Ports hold when the process listens on one of them, in its own network
	// namespace.
	Ports []PortRange
	// Environment holds globs on the values that variables had when the program was
	// executed. Here * also matches a slash. A variable must be set to match.
	Environment map[string]string
	// PIDs are those that the collector sees.
	PIDs []int
	// ContainerIDs are globs on the 64 hexadecimal digits; usually a prefix and *.
	ContainerIDs []string
}

// Validate says what is wrong with the selector. The error starts with the key of
// the configuration that is to be changed, unless no condition is set at all.
func (s *Selector) Validate() error {
	if s.Executable == "" && len(s.Ports) == 0 && len(s.Environment) == 0 && len(s.PIDs) == 0 && len(s.ContainerIDs) == 0 {
		return errors.New("no condition: set at least one of executable, ports, environment, pids, container_ids")
	}
	var errs []error
	if s.Executable != "" {
		errs = append(errs, validateExecutable(s.Executable))
	}
	for _, r := range s.Ports {
		if r.First == 0 || r.First > r.Last {
			errs = append(errs, fmt.Errorf("ports: %d-%d is not a range within 1-65535", r.First, r.Last))
		}
	}
	for name, pattern := range s.Environment {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			errs = append(errs, fmt.Errorf("environment: %q cannot be the name of a variable", name))
		}
		if !doublestar.ValidatePattern(flat(pattern)) {
			errs = append(errs, fmt.Errorf("environment: %s: %q is not a valid glob", name, pattern))
		}
	}
	for _, pid := range s.PIDs {
		if pid <= 0 {
			errs = append(errs, fmt.Errorf("pids: %d is not the pid of a process", pid))
		}
	}
	for _, pattern := range s.ContainerIDs {
		if pattern == "" || !doublestar.ValidatePattern(pattern) {
			errs = append(errs, fmt.Errorf("container_ids: %q is not a valid glob", pattern))
		}
	}
	return errors.Join(errs...)
}

func validateExecutable(pattern string) error {
	if !doublestar.ValidatePattern(pattern) {
		return fmt.Errorf("executable: %q is not a valid glob", pattern)
	}
	if !strings.ContainsRune("/*{", rune(pattern[0])) {
		return fmt.Errorf("executable: %q matches no path: it must be absolute, or start with **/", pattern)
	}
	for element := range strings.SplitSeq(strings.ReplaceAll(pattern, `\*`, ""), "/") {
		if element != "**" && strings.Contains(element, "**") {
			return fmt.Errorf("executable: %q: ** must be a whole path element, as in /srv/**/bin", pattern)
		}
	}
	return nil
}

// ExecutableOnly tells whether the path of the executable alone decides, so that
// all processes of one binary in one root folder match, or none.
func (s *Selector) ExecutableOnly() bool {
	return s.Executable != "" &&
		len(s.Ports) == 0 && len(s.Environment) == 0 && len(s.PIDs) == 0 && len(s.ContainerIDs) == 0
}

// matches tells whether all conditions but the ports hold. Environ is called only
// where the environment is asked for.
func (s *Selector) matches(p *Process, environ func() map[string]string) bool {
	if !s.matchesExecutable(p.Executable) {
		return false
	}
	if len(s.PIDs) > 0 && !slices.Contains(s.PIDs, p.PID) {
		return false
	}
	if len(s.ContainerIDs) > 0 && !matchesAny(s.ContainerIDs, p.ContainerID) {
		return false
	}
	for name, pattern := range s.Environment {
		value, set := environ()[name]
		if !set || !doublestar.MatchUnvalidated(flat(pattern), flat(value)) {
			return false
		}
	}
	return true
}

func (s *Selector) matchesExecutable(path string) bool {
	return s.Executable == "" || doublestar.MatchUnvalidated(s.Executable, path)
}

func matchesAny(patterns []string, s string) bool {
	for _, pattern := range patterns {
		if s != "" && doublestar.MatchUnvalidated(pattern, s) {
			return true
		}
	}
	return false
}

// flat replaces the separator at which * would stop by a character that no value
// of an environment contains.
func flat(s string) string { return strings.ReplaceAll(s, "/", "\x00") }

// matchesPorts tells whether one of the ports is in one of the ranges.
func (s *Selector) matchesPorts(ports []uint16) bool {
	return slices.ContainsFunc(ports, func(port uint16) bool {
		return slices.ContainsFunc(s.Ports, func(r PortRange) bool { return r.First <= port && port <= r.Last })
	})
}
