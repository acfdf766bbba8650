// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"errors"
	"fmt"
	"sync"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// group is the probes of one instrumentation for the same ways of propagation.
type group struct {
	instrumentation string
	way             instrument.Way // 0: they are needed in any case
}

// wants tells whether a session wants the probes of a group.
func (o *Options) wants(g group) bool {
	return o.Enabled(g.instrumentation) && (g.way == 0 || g.way&o.settings.Ways() != 0)
}

// attached is groups of probes in all processes of a binary or in one.
type attached map[group]attachment

type attachment struct {
	*loader.Attachment
	probes    int64
	telemetry Telemetry // of the session that attached it, which counts it
}

// attach adds those groups that a session wants and that neither a nor elsewhere has: two
// probes of the same program on one instruction would count twice. One that fails does not
// keep the others from it.
func (a attached) attach(l *loader.Loader, b *binary, pid int, o Options, elsewhere attached) error {
	var errs []error
	for g, probes := range b.groups() {
		_, here := a[g]
		_, there := elsewhere[g]
		if here || there || !o.wants(g) {
			continue
		}
		made, err := l.Attach(b.file, b.index, probes, pid)
		if err != nil {
			o.Telemetry.ProbesFailed(g.instrumentation, int64(len(probes)))
			errs = append(errs, fmt.Errorf("%s: %w", g.instrumentation, err))
			continue
		}
		a[g] = attachment{made, int64(len(probes)), o.Telemetry}
		o.Telemetry.ProbesAttached(g.instrumentation, int64(len(probes)))
	}
	return errors.Join(errs...)
}

// take moves some groups out, which close then detaches.
func (a attached) take(of func(group) bool) attached {
	taken := attached{}
	for g, made := range a {
		if of(g) {
			taken[g] = made
			delete(a, g)
		}
	}
	return taken
}

// close takes the probes out of the processes. It takes some ten milliseconds, for all of them as for one.
func (a attached) close() error {
	var closing sync.WaitGroup
	errs := make(chan error, len(a))
	for g, made := range a {
		closing.Go(func() {
			errs <- made.Close()
			made.telemetry.ProbesAttached(g.instrumentation, -made.probes)
		})
	}
	closing.Wait()
	close(errs)
	var failures []error
	for err := range errs {
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func all(group) bool { return true }
