// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// What we need of HTTP/2's frames (RFC 9113, sections 3.4, 4.1 and 6).
const (
	h2Preface     = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	h2FrameHeader = 9       // bytes
	h2MaxFrame    = 1 << 14 // bytes, unless a peer says otherwise, which we do not

	h2Data, h2ResetStream, h2GoAway = 0x0, 0x3, 0x7
	h2EndStream                     = 0x1
)

// UpgradeH2C gets a path from a server that switches from HTTP/1.1 to HTTP/2 in the clear by the
// Upgrade header (RFC 7540, section 3.2), which net/http's client does not speak, and returns the
// body of the response. The response must fit into the initial flow-control window, 64 KiB.
func UpgradeH2C(ctx context.Context, address, path string) ([]byte, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	// The settings are an empty SETTINGS frame, all defaults.
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade, HTTP2-Settings\r\n"+
		"Upgrade: h2c\r\nHTTP2-Settings: \r\n\r\n", path, address)
	if err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("upgrade of %s to h2c: %s", path, response.Status)
	}
	if _, err := io.WriteString(conn, h2Preface+"\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		return nil, err
	}
	return readStreamOne(reader)
}

// readStreamOne reads frames until the end of stream 1, that of a request which was upgraded, and
// returns what its DATA frames hold. Servers in tests send no padding.
func readStreamOne(reader io.Reader) ([]byte, error) {
	var body []byte
	for {
		var header [h2FrameHeader]byte
		if _, err := io.ReadFull(reader, header[:]); err != nil {
			return nil, err
		}
		length := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
		if length > h2MaxFrame {
			return nil, fmt.Errorf("frame of %d bytes", length)
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(reader, payload); err != nil {
			return nil, err
		}
		kind, flags, stream := header[3], header[4], binary.BigEndian.Uint32(header[5:])
		switch {
		case kind == h2GoAway:
			return nil, fmt.Errorf("the server closed the connection: % x", payload)
		case stream != 1:
			continue
		case kind == h2ResetStream:
			return nil, fmt.Errorf("the server reset the stream: % x", payload)
		case kind == h2Data:
			body = append(body, payload...)
		}
		if flags&h2EndStream != 0 {
			return body, nil
		}
	}
}
