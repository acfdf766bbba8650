// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSplitHostPort(t *testing.T) {
	for hostport, want := range map[string]struct {
		host string
		port int
	}{
		"":                         {"", 0},
		"a.example":                {"a.example", 0},
		"a.example:8080":           {"a.example", 8080},
		"a.example:":               {"a.example", 0},
		"a.example:65535":          {"a.example", 65535},
		"a.example:65536":          {"a.example", 0},
		"a.example:-1":             {"a.example", 0},
		"a.example:http":           {"a.example", 0},
		":8080":                    {"", 8080},
		"192.0.2.1:80":             {"192.0.2.1", 80},
		"[2001:db8::1]":            {"2001:db8::1", 0},
		"[2001:db8::1]:443":        {"2001:db8::1", 443},
		"2001:db8::1":              {"2001:db8::1", 0},
		"[fe80::1%eth0]:443":       {"fe80::1%eth0", 443},
		"/run/service/http.socket": {"/run/service/http.socket", 0},
	} {
		host, port := splitHostPort(hostport)
		assert.Equal(t, want.host, host, hostport)
		assert.Equal(t, want.port, port, hostport)
	}
}

func TestProtocolVersion(t *testing.T) {
	for _, test := range []struct {
		major, minor uint8
		want         string
	}{{0, 0, ""}, {0, 9, ""}, {1, 0, "1.0"}, {1, 1, "1.1"}, {2, 0, "2"}, {3, 0, "3"}, {255, 255, "255.255"}} {
		assert.Equal(t, test.want, protocolVersion(test.major, test.minor))
	}
}
