// SPDX-License-Identifier: Apache-2.0

//go:build linux

package guest

import (
	"bytes"
	"regexp"
	"strings"
)

var passLine = regexp.MustCompile(`^\s*--- PASS: (\S+) `)

// passed takes from what a test prints which tests have passed: a name that none of them has would
// otherwise go unnoticed.
type passed struct {
	line  []byte
	names []string
}

// Write is that of io.Writer.
func (p *passed) Write(text []byte) (int, error) {
	p.line = append(p.line, text...)
	for {
		end := bytes.IndexByte(p.line, '\n')
		if end < 0 {
			return len(text), nil
		}
		if found := passLine.FindSubmatch(p.line[:end]); found != nil {
			p.names = append(p.names, string(found[1]))
		}
		p.line = p.line[end+1:]
	}
}

// missing returns those of the wanted tests that have not passed.
func (p *passed) missing(wanted []string) (missing []string) {
	for _, want := range wanted {
		ok := false
		for _, name := range p.names {
			ok = ok || name == want || strings.HasSuffix(want, "/") && strings.HasPrefix(name, want)
		}
		if !ok {
			missing = append(missing, want)
		}
	}
	return missing
}
