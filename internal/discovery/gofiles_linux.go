// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"os"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sys/unix"

	"github.com/ebpfgo/ebpfgoreceiver/internal/gobinary"
)

// A host executes some hundred different files. An entry takes some 150 bytes.
const maxGoFiles = 8192

// goFiles remembers which executable files are Go programs. It is safe for
// concurrent use.
type goFiles struct {
	files   procFS
	counter *counters
	known   *lru.Cache[FileID, bool]
}

func newGoFiles(files procFS, c *counters) *goFiles {
	known, err := lru.New[FileID, bool](maxGoFiles)
	if err != nil {
		panic(err) // the size is not positive
	}
	return &goFiles{files: files, counter: c, known: known}
}

// inspect tells which file a process executes and whether that is a Go program.
func (g *goFiles) inspect(pid int) (FileID, bool, error) {
	file, err := g.files.executable(pid)
	if err != nil {
		return FileID{}, false, err
	}
	if isGo, ok := g.known.Get(file); ok {
		return file, isGo, nil
	}
	f, err := os.Open(g.files.path(pid, "exe"))
	if err != nil {
		return FileID{}, false, goneOr(err)
	}
	defer f.Close()
	// The process may have executed something else in between.
	if file, err = statFile(int(f.Fd()), "", unix.AT_EMPTY_PATH); err != nil {
		return FileID{}, false, err
	}
	g.counter.inspected.Add(1)
	isGo := gobinary.IsGo(f)
	g.known.Add(file, isGo)
	return file, isGo, nil
}
