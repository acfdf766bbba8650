// SPDX-License-Identifier: Apache-2.0

package grpc

import "strconv"

// codes are the names of the status codes, by number, as the specification of gRPC writes
// them (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md).
var codes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
	"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// codeName returns the name of a status code, or its digits if it has none.
func codeName(code uint32) string {
	if int(code) < len(codes) {
		return codes[code]
	}
	return strconv.FormatInt(int64(int32(code)), 10)
}

// isServerError tells whether the semantic conventions of gRPC take a status code for an
// error on the server's side. On the client's side each but OK is one.
func isServerError(code uint32) bool {
	switch codeName(code) {
	case "UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS":
		return true
	}
	return false
}
