// SPDX-License-Identifier: Apache-2.0

package instrument

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
		host, port := SplitHostPort(hostport)
		assert.Equal(t, want.host, host, hostport)
		assert.Equal(t, want.port, port, hostport)
	}
}
