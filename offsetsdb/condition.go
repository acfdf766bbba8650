// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"fmt"
	"go/version"
)

// condition says which releases of Go build a module so. The zero value is all of them.
type condition struct {
	word    string // "before", "from" or ""
	release string
}

// parseCondition takes what follows the path of a module.
func parseCondition(words []string) (c condition, err error) {
	if len(words) == 0 {
		return c, nil
	}
	if len(words) != 2 || words[0] != "before" && words[0] != "from" || !version.IsValid(words[1]) {
		return c, fmt.Errorf("module takes a path, and perhaps \"before\" or \"from\" and a release of Go, such as go1.27")
	}
	return condition{words[0], words[1]}, nil
}

// holds tells whether a version of Go is one of them. One that names no release is not, for it
// may be on either side.
func (c condition) holds(goVersion string) bool {
	switch c.word {
	case "before":
		return version.IsValid(goVersion) && version.Compare(goVersion, c.release) < 0
	case "from":
		return version.Compare(goVersion, c.release) >= 0
	}
	return true
}

// String returns the condition as it stands behind a path.
func (c condition) String() string {
	if c.word == "" {
		return ""
	}
	return " " + c.word + " " + c.release
}
