// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"errors"
	"slices"

	"go.uber.org/zap"
)

// undecided tells whether the ports that the process listens on can still change
// what it is.
func (t *tracked) undecided() bool {
	return len(t.targets) > 0 && (t.entry < 0 || len(t.exclude) > 0)
}

// decide reports a process that has become a target, or is none any more because of
// a port that is excluded.
func (w *Watcher) decide(t *tracked, tables *portTables) {
	var selectors []*Selector
	for _, i := range t.exclude {
		selectors = append(selectors, &w.config.Exclude[i])
	}
	excluding := len(selectors)
	if t.entry < 0 {
		for _, i := range t.targets {
			selectors = append(selectors, &w.config.Targets[i])
		}
	}
	ports, err := w.listens(t, selectors, tables)
	if errors.Is(err, errGone) {
		return
	}
	w.failure(err) // no port is known then; the next round asks again
	match := slices.IndexFunc(selectors, func(s *Selector) bool { return len(s.Ports) == 0 || s.matchesPorts(ports) })
	switch {
	case match < 0:
	case match < excluding:
		t.targets, t.exclude, t.unread = nil, nil, false
		w.stop(t)
	default:
		t.entry = t.targets[match-excluding]
		w.started.Add(1)
		w.config.Logger.Debug("target found", zap.Int("pid", t.pid), zap.String("executable", t.process.Executable))
		w.handler.Started(t.process, t.entry)
	}
}

// listens returns the ports out of those that the selectors ask for which the
// process listens on.
func (w *Watcher) listens(t *tracked, selectors []*Selector, tables *portTables) ([]uint16, error) {
	wanted := listening{}
	for _, s := range selectors {
		if len(s.Ports) == 0 {
			continue
		}
		all, err := tables.of(t.pid)
		if err != nil {
			return nil, err
		}
		for inode, port := range all {
			if !t.foreign[inode] && s.matchesPorts([]uint16{port}) {
				wanted[inode] = port
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	own, err := w.files.sockets(t.pid, wanted)
	if err != nil {
		return nil, err
	}
	var ports []uint16
	for inode, port := range wanted {
		if _, ok := own[inode]; ok {
			ports = append(ports, port)
			continue
		}
		if t.foreign == nil {
			t.foreign = map[uint64]bool{}
		}
		t.foreign[inode] = true
	}
	return ports, nil
}
