// SPDX-License-Identifier: Apache-2.0

package discovery

// procFS is the path of a proc file system, empty for /proc.
type procFS string

// Identity tells a process from every other that this kernel ever ran: a pid that
// is used again comes with another start time.
type Identity struct {
	PID int // in the pid namespace of the collector
	// StartTime is when the process was forked, in clock ticks (1/100 s) after boot:
	// field 22 of /proc/PID/stat. An exec does not change it.
	StartTime uint64
}

// FileID tells an executable file from every other that this host ever ran,
// whatever path it is known by. It is comparable, and opaque but for that.
//
// Size and the two times are there so that an inode that is used again, or written
// anew, is another file. The time of the last status change is not: it moves when
// the file is deleted while it runs.
type FileID struct {
	Device   uint64 // as makedev(3) makes it; 0 on overlayfs, see identify
	Inode    uint64
	Size     uint64
	Modified int64 // content, nanoseconds after the epoch
	Born     int64 // inode, nanoseconds after the epoch; 0 where the file system does not keep it
}

// Process describes one Go process. It does not change after it was reported.
type Process struct {
	Identity
	// Executable is the path as the process itself sees it: below its own root
	// folder, and without the " (deleted)" that the kernel adds.
	Executable  string
	File        FileID
	ContainerID string // 64 hexadecimal digits, or empty outside of containers
	PodUID      string // Kubernetes pod, or empty
	// NamespacePID is the pid as the process itself sees it: that of the innermost
	// pid namespace. It is PID where there is only one.
	NamespacePID int

	files procFS
}
