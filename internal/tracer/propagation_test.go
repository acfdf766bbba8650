// SPDX-License-Identifier: Apache-2.0

package tracer

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWayOfMode(t *testing.T) {
	write, socket := errors.New("no writing"), errors.New("no sockets")
	for _, test := range []struct {
		mode          PropagationMode
		write, socket error
		way           PropagationWay
		reason        PropagationReason
		refusal       string
	}{
		{mode: PropagationAuto, way: WayWrite, reason: ReasonAvailable},
		{mode: PropagationAuto, socket: socket, way: WayWrite, reason: ReasonAvailable},
		{mode: PropagationAuto, write: write, way: WaySocket, reason: ReasonWriteRefused, refusal: "no writing"},
		{mode: PropagationAuto, write: write, socket: socket, way: WayJoin, reason: ReasonSocketRefused, refusal: "no writing; no sockets"},
		{mode: PropagationWrite, way: WayWrite, reason: ReasonConfigured},
		{mode: PropagationWrite, write: write, way: WayNone, reason: ReasonWriteRefused, refusal: "no writing"},
		{mode: PropagationSocket, write: write, way: WaySocket, reason: ReasonConfigured},
		{mode: PropagationSocket, socket: socket, way: WayNone, reason: ReasonSocketRefused, refusal: "no sockets"},
		{mode: PropagationOff, way: WayNone, reason: ReasonConfigured},
		{mode: PropagationOff, write: write, socket: socket, way: WayNone, reason: ReasonConfigured},
	} {
		asked := false
		chosen := test.mode.choose(test.write, func() error {
			asked = true
			return test.socket
		})
		assert.Equal(t, test.way == WaySocket || test.reason == ReasonSocketRefused, asked, "%+v: the socket layer is opened where it is used", test)
		assert.Equal(t, test.way, chosen.way, "%+v", test)
		assert.Equal(t, test.reason, chosen.reason, "%+v", test)
		if test.refusal == "" {
			assert.NoError(t, chosen.refusal, "%+v", test)
		} else {
			assert.EqualError(t, chosen.refusal, test.refusal, "%+v", test)
		}
	}
}
