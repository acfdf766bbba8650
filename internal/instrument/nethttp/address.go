// SPDX-License-Identifier: Apache-2.0

package nethttp

import "strconv"

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

// protocolVersion is network.protocol.version: "1.0", "1.1", "2".
func protocolVersion(major, minor uint8) string {
	switch {
	case major == 1 && minor == 1: // as good as always, and a string less to make
		return "1.1"
	case major == 0:
		return ""
	case major >= 2 && minor == 0:
		return strconv.Itoa(int(major))
	}
	return strconv.Itoa(int(major)) + "." + strconv.Itoa(int(minor))
}
