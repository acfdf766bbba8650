// SPDX-License-Identifier: Apache-2.0

package nethttp

import (
	"bytes"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// maxRoutes bounds what is remembered of the patterns of all targets.
const maxRoutes = 4096

// routes makes the names of server spans, each once.
type routes struct {
	known *instrument.Memory[named]
}

// named is a span's name and its http.route.
type named struct {
	name, route string
}

func newRoutes() routes { return routes{instrument.NewMemory[named](maxRoutes)} }

// of returns the name of a span by its method, and http.route, which is empty where the
// request matched no pattern of a ServeMux, "[METHOD ][HOST]/[PATH]".
func (r routes) of(method string, pattern []byte) (name, route string) {
	slash := bytes.IndexByte(pattern, '/')
	if slash < 0 {
		return method, ""
	}
	var buffer [600]byte // the kernel side sends at most 512 of a pattern
	key := append(append(append(buffer[:0], method...), ' '), pattern[slash:]...)
	known, ok := r.known.Get(key)
	if !ok {
		known.name = instrument.Text(string(key))
		known.route = known.name[len(method)+1:]
		r.known.Put(key, known)
	}
	return known.name, known.route
}
