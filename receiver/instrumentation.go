// SPDX-License-Identifier: Apache-2.0

package receiver

// instrumentationNames returns the names that the section instrumentations of the
// configuration may hold, sorted.
var instrumentationNames = func() []string {
	return []string{"net_http_client", "net_http_server"}
}
