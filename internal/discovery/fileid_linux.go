// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"os"

	"golang.org/x/sys/unix"
)

// executable tells which file a process executes, with the device as the mount
// shows it. It is one system call: this is all that most processes are ever asked.
func (files procFS) executable(pid int) (FileID, error) {
	return statFile(unix.AT_FDCWD, files.path(pid, "exe"), 0)
}

// identify tells which file is open. On overlayfs the device is that of the mount,
// another one in each container, and hides that they share one file of one image:
// it is left out. Inode and times are those of the file in its layer, and enough.
func identify(f *os.File) (FileID, error) {
	id, err := statFile(int(f.Fd()), "", unix.AT_EMPTY_PATH)
	if err != nil {
		return FileID{}, err
	}
	var system unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &system); err != nil {
		return FileID{}, err
	}
	if system.Type == unix.OVERLAYFS_SUPER_MAGIC {
		id.Device = 0
	}
	return id, nil
}

func statFile(folder int, path string, flags int) (FileID, error) {
	var stat unix.Statx_t
	// What a network file system has in its cache is good enough: nobody waits for a server.
	err := unix.Statx(folder, path, flags|unix.AT_STATX_DONT_SYNC, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &stat)
	if err != nil {
		return FileID{}, goneOr(err)
	}
	return FileID{
		Device:   unix.Mkdev(stat.Dev_major, stat.Dev_minor),
		Inode:    stat.Ino,
		Size:     stat.Size,
		Modified: stat.Mtime.Sec*1e9 + int64(stat.Mtime.Nsec),
		Born:     stat.Btime.Sec*1e9 + int64(stat.Btime.Nsec),
	}, nil
}
