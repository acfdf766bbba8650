// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// splitHostPort splits "host:port", "host", "[v6]:port" and "[v6]". The port is 0 where
// there is none or none that is valid.
func splitHostPort(hostport string) (string, int) {
	host, digits, err := net.SplitHostPort(hostport)
	if err != nil {
		return strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]"), 0
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return host, 0
	}
	return host, int(port)
}

// defaultPort is the port that a URL without one means.
func defaultPort(scheme string) int {
	switch scheme {
	case "http":
		return 80
	case "https":
		return 443
	}
	return 0
}

func putAddress(attributes pcommon.Map, addressKey, portKey, host string, port int) {
	if host == "" {
		return
	}
	attributes.PutStr(addressKey, text(host))
	if port != 0 {
		attributes.PutInt(portKey, int64(port))
	}
}

// protocolVersion is network.protocol.version: "1.0", "1.1", "2".
func protocolVersion(major, minor uint8) string {
	switch {
	case major == 0:
		return ""
	case major >= 2 && minor == 0:
		return strconv.Itoa(int(major))
	}
	return strconv.Itoa(int(major)) + "." + strconv.Itoa(int(minor))
}
