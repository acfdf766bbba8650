// SPDX-License-Identifier: Apache-2.0

package instrument

import (
	"net"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// SplitHostPort splits "host:port", "host", "[v6]:port" and "[v6]". The port is 0 where
// there is none or none that is valid.
func SplitHostPort(hostport string) (string, int) {
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

// PutAddress sets the attributes of an address, those of its parts that are there: a host
// that is not empty and a port that is not 0.
func PutAddress(attributes pcommon.Map, addressKey, portKey, host string, port int) {
	if host == "" {
		return
	}
	attributes.PutStr(addressKey, Text(host))
	if port != 0 {
		attributes.PutInt(portKey, int64(port))
	}
}
