// SPDX-License-Identifier: Apache-2.0

// Package targettest builds and runs the programs of testdata, so that tests have real processes to
// discover, to analyse and to trace. It is to programs what net/http/httptest is to handlers: Binary
// gives an executable of one version of Go and one way to link it, Start runs it for the length of a
// test, Load sends it requests and says what became of each.
package targettest
