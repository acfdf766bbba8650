// SPDX-License-Identifier: Apache-2.0

package main

import "fmt"

// open makes ready for a command. It returns what has an exchange, and what closes every connection in the end, so
// that the peer knows that no byte follows.
func open(c command) (have exchange, finish func() error, err error) {
	switch c.Protocol {
	case "tcp":
		return openRaw(c)
	case "grpc", "grpcs":
		return openGRPC(c)
	}
	scenario, known := httpScenarios[c.Scenario]
	if !known {
		return nil, nil, fmt.Errorf("no scenario %q of HTTP", c.Scenario)
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, nil, err
	}
	return scenario(newPeer(c, transport)), func() error {
		transport.CloseIdleConnections()
		return nil
	}, nil
}
