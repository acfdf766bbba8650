// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"errors"
	"io/fs"

	"go.uber.org/zap"
)

// failure counts a look that failed, unless the process is gone: a zombie and a
// kernel thread look the same, and are met at every poll.
func (w *Watcher) failure(err error) {
	switch {
	case err == nil, errors.Is(err, errGone), errors.Is(err, errEarly):
	case errors.Is(err, fs.ErrPermission):
		w.denied.Add(1)
		if w.listed.Load() {
			w.explainDenied()
		}
	default:
		w.failed.Add(1)
	}
}

// explainDenied says, once, what lifts the refusals that there were, if there were
// any. The first look at all processes comes before it, so that the count tells
// one process from all of them.
func (w *Watcher) explainDenied() {
	denied := w.denied.Load()
	if denied == 0 {
		return
	}
	w.explained.Do(func() {
		w.config.Logger.Warn("processes are passed over, wholly or in part, that the collector may not look at: "+
			"it needs the capabilities SYS_PTRACE and DAC_READ_SEARCH in the host's user namespace: run it as root, "+
			"give its systemd unit AmbientCapabilities, or its container securityContext.capabilities",
			zap.Uint64("denied", denied))
	})
}
