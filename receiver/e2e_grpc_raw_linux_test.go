// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// h2Client returns a client that speaks HTTP/2 with a target, with prior knowledge where there is no TLS.
func h2Client(x *targettest.Target) *http.Client {
	client := x.Client()
	transport := client.Transport.(*http.Transport)
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP2(true)
	transport.Protocols.SetUnencryptedHTTP2(true)
	return client
}

// deadlineCall makes a call by HTTP/2 that the server must end: a client of grpc that had the timeout
// itself could be faster (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
func deadlineCall(t *testing.T, x *targettest.Target, method, message string) {
	t.Helper()
	// A google.protobuf.StringValue: field 1, of wire type 2.
	encoded := append([]byte{1<<3 | 2, byte(len(message))}, message...)
	// A frame that is not compressed.
	body := append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(encoded))), encoded...)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, x.URL()+method, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Te", "trailers")
	request.Header.Set("Grpc-Timeout", fmt.Sprintf("%dm", shortTime.Milliseconds()))
	response, err := h2Client(x).Do(request)
	if err != nil {
		assert.Contains(t, err.Error(), "CANCEL", "newer versions of grpc reset the stream")
		return
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(t, err)
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status") // a response of trailers alone
	}
	assert.Equal(t, "4", status)
}
