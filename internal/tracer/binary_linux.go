// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package tracer

import (
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// binary is one executable file that targets run.
type binary struct {
	id    discovery.FileID
	index uint16
	path  string   // as its first process sees it
	file  *os.File // kept open: probes are attached, types named and constants read by it

	analysed  sync.Once
	err       error
	outcome   BinaryOutcome
	build     *debug.BuildInfo
	types     *typeNames
	constants events.Constants
	plans     []instrument.Plan // by library
	kernel    loader.Binary

	// Guarded by shared.mu.
	users     int             // sessions times their processes
	wideUsers int             // of them, those that want all processes
	wide      attached        // probes in all processes
	settings  loader.Settings // of all that want all processes
	samplers  samplers        // of the wide users
	described bool            // the kernel side knows it
	idle      *Session        // whose process was the last one, when there are no users
	closing   int             // how often probes are being taken out of live processes: who attaches waits
	leaving   bool            // it is being discarded: who opens it waits
}

// analyse finds out how to probe the binary. It runs once.
func (b *binary) analyse(libraries []instrument.Library, o Options) {
	b.analysed.Do(func() {
		begin := time.Now()
		b.outcome, b.err = b.plan(libraries, o)
		took := time.Since(begin)
		o.Telemetry.Binary(b.outcome, took)
		log := o.Logger.With(zap.String("executable", b.path), zap.Duration("analysis", took))
		if b.err != nil {
			log.Warn("Executable cannot be traced", zap.Error(b.err))
			return
		}
		var problems, missing []string
		for _, plan := range b.plans {
			problems = append(problems, plan.Problems...)
			for _, field := range plan.Missing {
				missing = append(missing, field.String())
			}
		}
		if len(problems) > 0 || len(missing) > 0 {
			log.Warn("Executable can be traced in part",
				zap.Strings("problems", problems), zap.String("unknown_fields", strings.Join(missing, " ")))
		}
	})
}

func (b *binary) plan(libraries []instrument.Library, o Options) (BinaryOutcome, error) {
	options := []gobinary.Option{gobinary.Database(o.Offsets)}
	if o.Sources != nil {
		options = append(options, gobinary.Only(o.Sources...))
	}
	f, err := gobinary.Open(b.file, options...)
	if err != nil {
		return BinaryInvalid, err
	}
	b.build = f.BuildInfo()
	probes := 0
	b.kernel.Layouts = map[string]any{}
	for _, library := range libraries {
		plan, err := library.Plan(f)
		if err != nil {
			return BinaryInvalid, err
		}
		b.plans = append(b.plans, plan)
		probes += len(plan.Probes)
		if plan.Layout != nil {
			b.kernel.Layouts[library.LayoutMap()] = plan.Layout
		}
		countFields(o.Telemetry, plan.Fields, len(plan.Missing))
	}
	if probes == 0 {
		return BinaryNothingToTrace, nil
	}
	runtimeLayout, fields, missing, err := loader.ResolveRuntime(f)
	countFields(o.Telemetry, fields, len(missing))
	if runtimeLayout == (loader.RuntimeLayout{}) {
		return BinaryNotSupported, err
	}
	if err != nil {
		o.Logger.Warn("A source of layouts of this executable's runtime is not used", zap.Error(err))
	}
	b.kernel.Runtime = runtimeLayout
	b.kernel.Connections, fields, missing, err = loader.ResolveConnections(f)
	countFields(o.Telemetry, fields, len(missing))
	if err != nil {
		o.Logger.Warn("Requests of this executable are not propagated by their connections", zap.Error(err))
	}
	if b.kernel.Contexts, err = f.ContextTypes(); err != nil {
		o.Logger.Warn("Spans of this executable have no parents by context", zap.Error(err))
	}
	types, err := f.TypeNames()
	if err != nil {
		o.Logger.Warn("Types of this executable have no names", zap.Error(err))
	}
	b.types = &typeNames{file: b.file, types: types, names: map[uint64]string{}}
	constants := f.Constants()
	b.constants = func(address uint64, text []byte) bool { return constants.Read(b.file, address, text) == nil }
	return BinaryTraced, nil
}

func countFields(t Telemetry, fields gobinary.Layout, missing int) {
	for _, offset := range fields {
		if offset.Value != gobinary.NoField {
			t.Fields(offset.Source.String(), 1)
		}
	}
	if missing > 0 {
		t.Fields("none", int64(missing))
	}
}

// groups returns the probes that belong together.
func (b *binary) groups() map[group][]instrument.Probe {
	groups := map[group][]instrument.Probe{}
	for _, plan := range b.plans {
		for _, probe := range plan.Probes {
			g := group{probe.Instrumentation, probe.Way}
			groups[g] = append(groups[g], probe)
		}
	}
	return groups
}
