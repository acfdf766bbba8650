// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// newRoot moves the thread into a new mount namespace. Its root is an overlay of one layer that holds
// the executable at path, and of the system's libraries, which executables with cgo or PIE load.
// folder is an empty one to work in.
func newRoot(folder, binary, path string) error {
	layer, scratch := filepath.Join(folder, "layer"), filepath.Join(folder, "scratch")
	if err := os.MkdirAll(filepath.Join(layer, filepath.Dir(path)), 0o755); err != nil {
		return err
	}
	if err := linkOrCopy(binary, filepath.Join(layer, path)); err != nil {
		return err
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", scratch, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount tmpfs: %w", err)
	}
	upper, work, root := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work"), filepath.Join(scratch, "root")
	for _, name := range []string{upper, work, root} {
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	layers := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", layer, upper, work)
	if err := unix.Mount("overlay", root, "overlay", 0, layers); err != nil {
		return fmt.Errorf("mount overlay: %w", err)
	}
	for _, name := range []string{"/usr", "/lib", "/lib64"} {
		if err := showInRoot(root, name); err != nil {
			return err
		}
	}
	// Without a folder for the old root: it lies on top of the new one until it is unmounted (pivot_root(2)).
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the old root: %w", err)
	}
	return unix.Chdir("/")
}

// showInRoot makes a folder of the system appear in a new root: by a mount, or by the same symbolic
// link. One that the system does not have is left out.
func showInRoot(root, name string) error {
	info, err := os.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		destination, err := os.Readlink(name)
		if err != nil {
			return err
		}
		return os.Symlink(destination, filepath.Join(root, name))
	}
	if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
		return err
	}
	if err := unix.Mount(name, filepath.Join(root, name), "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("bind %s: %w", name, err)
	}
	return nil
}

// linkOrCopy gives a file a second name, or copies it where that is another file system.
func linkOrCopy(from, to string) error {
	if err := os.Link(from, to); !errors.Is(err, unix.EXDEV) {
		return err
	}
	return CopyExecutable(from, to)
}
