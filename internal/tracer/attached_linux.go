// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"fmt"

	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// attached is the probes of some instrumentations, by their name, in all processes of a
// binary or in one.
type attached map[string]attachment

type attachment struct {
	*loader.Attachment
	probes    int64
	telemetry Telemetry // of the session that attached it, which counts it
}

// attach adds those instrumentations that a session wants and that neither a nor
// elsewhere has: two probes of the same program on one instruction would count twice.
// One that fails does not keep the others from it.
func (a attached) attach(l *loader.Loader, b *binary, pid int, names []string, o Options, elsewhere attached) error {
	var errs []error
	for _, name := range names {
		_, here := a[name]
		_, there := elsewhere[name]
		probes := b.probes(name)
		if here || there || len(probes) == 0 || !o.Enabled(name) {
			continue
		}
		made, err := l.Attach(b.file, b.index, probes, pid)
		if err != nil {
			o.Telemetry.ProbesFailed(name, int64(len(probes)))
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		a[name] = attachment{made, int64(len(probes)), o.Telemetry}
		o.Telemetry.ProbesAttached(name, int64(len(probes)))
	}
	return errors.Join(errs...)
}

// detach takes those of some instrumentations out.
func (a attached) detach(of func(instrumentation string) bool) error {
	var errs []error
	for name, made := range a {
		if !of(name) {
			continue
		}
		errs = append(errs, made.Close())
		made.telemetry.ProbesAttached(name, -made.probes)
		delete(a, name)
	}
	return errors.Join(errs...)
}

func all(string) bool { return true }
