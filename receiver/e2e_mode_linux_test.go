// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
	"github.com/ebpfgo/ebpfgoreceiver/internal/tracer"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// decision is which way is in force, and why.
type decision struct{ way, reason string }

// decisionOf reads it from the line that says that a process is traced, and holds the metric to it.
func (c *collector) decisionOf(x *targettest.Target) (d decision) {
	c.t.Helper()
	fields := c.logs.FilterMessage("Process is traced").FilterField(zap.Int("pid", x.PID())).All()[0].ContextMap()
	d.way, _ = fields["propagation"].(string)
	d.reason, _ = fields["propagation_reason"].(string)
	points := c.points("ebpfgo.propagation.targets")
	require.Len(c.t, points, 1)
	way, _ := points[0].Attributes.Value("way")
	reason, _ := points[0].Attributes.Value("reason")
	assert.Equal(c.t, d, decision{way.AsString(), reason.AsString()})
	return d
}

// Which way is in force, and why, is said of every process. What a machine allows shows in what it makes of auto.
func TestPropagationModes(t *testing.T) {
	expected := map[decision]map[tracer.PropagationMode]decision{
		{"write", "available"}: {
			tracer.PropagationWrite: {"write", "configured"}, tracer.PropagationSocket: {"socket", "configured"}, tracer.PropagationOff: {"none", "configured"},
		},
		{"socket", "write_refused"}: {
			tracer.PropagationWrite: {"none", "write_refused"}, tracer.PropagationSocket: {"socket", "configured"}, tracer.PropagationOff: {"none", "configured"},
		},
	}
	client := targettest.Build{Program: "httpclient", Strip: true}
	decide := func(t *testing.T, mode tracer.PropagationMode) decision {
		c := startCollector(t, func(config *receiver.Config) { config.Propagation.Mode = mode })
		return c.decisionOf(c.start(client))
	}
	auto := decide(t, tracer.PropagationAuto)
	require.Contains(t, expected, auto)
	for mode, want := range expected[auto] {
		t.Run(string(mode), func(t *testing.T) { assert.Equal(t, want, decide(t, mode)) })
	}
}

// Without propagation a request is sent and served as it is, and counted nowhere.
func TestPropagationOff(t *testing.T) {
	c := startCollector(t, func(config *receiver.Config) { config.Propagation.Mode = tracer.PropagationOff })
	server := c.start(targettest.Build{Program: "httpserver", Strip: true}, targettest.TLS())
	client := c.start(targettest.Build{Program: "httpclient", Strip: true})
	for _, http2 := range httpProtocols {
		result := client.Do(targettest.Command{URL: server.URL() + "/ok", HTTP2: http2, Insecure: true})[0]
		require.Equal(t, http.StatusOK, result.Status, result.Error)
		assert.True(t, c.next(server, 1)[0].isRoot())
		c.next(client, 1)
	}
	assert.Empty(t, c.points("ebpfgo.propagation.requests"))
}
