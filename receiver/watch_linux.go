// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/discovery"
	"github.com/ebpfgo/ebpfgoreceiver/internal/resource"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
)

// watch traces the targets of a configuration, as they come and go, until ctx ends.
func watch(ctx context.Context, config *Config, session *tracer.Session, logger *zap.Logger) error {
	t := &targets{config: config, session: session}
	watched := discovery.Config{Poll: config.PollInterval, Logger: logger}
	for i := range config.Targets {
		watched.Targets = append(watched.Targets, *config.Targets[i].selector())
	}
	for i := range config.Exclude {
		watched.Exclude = append(watched.Exclude, *config.Exclude[i].selector())
	}
	everyOne := func(s discovery.Selector) bool { return s.ExecutableOnly() }
	for _, target := range watched.Targets {
		t.wide = append(t.wide, everyOne(target) && !slices.ContainsFunc(watched.Exclude, func(s discovery.Selector) bool { return !everyOne(s) }))
	}
	var err error
	if watched.Execs, err = discovery.OpenExecs(); err != nil {
		logger.Warn("New processes are found by polling alone", zap.Duration("poll_interval", config.PollInterval), zap.Error(err))
	}
	watcher, err := discovery.New(watched)
	if err != nil {
		return err
	}
	return watcher.Run(ctx, t)
}

// targets hands what discovery finds to the session.
type targets struct {
	config  *Config
	session *tracer.Session
	// wide says of each entry whether the executable's path alone decides, so that every
	// process of a binary is a target if one is.
	wide []bool
}

func (t *targets) Started(p *discovery.Process, entry int) {
	override := resource.Override{
		ServiceName: t.config.Targets[entry].ServiceName,
		Attributes:  t.config.Targets[entry].ResourceAttributes,
	}
	t.session.Trace(p, override, t.wide[entry])
}

func (t *targets) Exited(p *discovery.Process) { t.session.Exited(p) }
