// SPDX-License-Identifier: Apache-2.0

//go:build go1.24

package main

import "net/http"

func init() {
	httpProtocols["h2c"] = func(t *http.Transport) {
		t.Protocols = new(http.Protocols)
		t.Protocols.SetUnencryptedHTTP2(true)
	}
	unencryptedHTTP2 = func(s *http.Server) {
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetUnencryptedHTTP2(true)
	}
}
