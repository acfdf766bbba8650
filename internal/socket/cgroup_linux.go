// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// cgroupRoots are where the root of the cgroup v2 hierarchy is mounted: by the host, which
// a container sees through its first process, or here; alone, or beside version 1.
var cgroupRoots = []string{
	"/proc/1/root/sys/fs/cgroup", "/proc/1/root/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/unified",
}

var errNoCgroup = errors.New("the root of the cgroup v2 hierarchy is not mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified " +
	"where the collector sees it: programs that see all connections are attached there; give a container the host's pid namespace")

// cgroupRoot returns the first of the paths that is the root of the cgroup v2 hierarchy.
func cgroupRoot(paths []string) (string, error) {
	for _, path := range paths {
		var fs unix.Statfs_t
		if unix.Statfs(path, &fs) != nil || fs.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		// Every cgroup but the root has a type; a cgroup namespace shows another one as if it were the root.
		if _, err := os.Stat(filepath.Join(path, "cgroup.type")); errors.Is(err, os.ErrNotExist) {
			return path, nil
		}
	}
	return "", errNoCgroup
}
