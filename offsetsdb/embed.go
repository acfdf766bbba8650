// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"sync"
)

// embeddedFile is the database that this module comes with.
//
//go:embed offsets.txt
var embeddedFile string

// embedded is parsed when something is looked up in it for the first time.
var embedded = sync.OnceValue(func() *DB {
	db, err := Parse("offsets.txt", strings.NewReader(embeddedFile))
	if err != nil {
		panic(fmt.Sprintf("offsetsdb: %v", err)) // a test holds the file to it that it can be parsed
	}
	return db
})

// Embedded returns the database that this module comes with.
func Embedded() *DB { return &DB{base: embedded} }

// Open reads a file and returns a database that has what it says and, of what it does not
// mention, what the embedded one says.
func Open(name string) (*DB, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	db, err := Parse(name, file)
	if err != nil {
		return nil, err
	}
	db.base = embedded
	return db, nil
}
