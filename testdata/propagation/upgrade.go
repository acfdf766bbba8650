// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net/http"
)

// upgrade makes a websocket of a connection, and sends bytes that the peer sends back: some of them look like a
// request.
func upgrade(p *peer) exchange {
	return func(i int, random *rand.Rand) error {
		r := p.request(i, nil)
		r.Header.Set("Connection", "Upgrade")
		r.Header.Set("Upgrade", "websocket")
		response, err := p.client.Do(r)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusSwitchingProtocols {
			return fmt.Errorf("upgrade: %s", response.Status)
		}
		stream, both := response.Body.(io.ReadWriter)
		if !both {
			return fmt.Errorf("upgrade: one cannot write to a %T", response.Body)
		}
		return talk(stream, random)
	}
}

// talk sends bytes in pieces and holds to them what comes back.
func talk(stream io.ReadWriter, random *rand.Rand) error {
	for pieces := 1 + random.Intn(10); pieces > 0; pieces-- {
		piece := make([]byte, 1+random.Intn(20_000))
		random.Read(piece)
		if samples := lookAlikes(); random.Intn(2) == 0 {
			piece = samples[random.Intn(len(samples))]
		}
		if _, err := stream.Write(piece); err != nil {
			return err
		}
		back := make([]byte, len(piece))
		if _, err := io.ReadFull(stream, back); err != nil {
			return err
		}
		if !bytes.Equal(piece, back) {
			return fmt.Errorf("%d bytes came back changed", len(piece))
		}
	}
	return nil
}
