// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// indexAge is how old the list of Debian's packages may be.
const indexAge = 12 * time.Hour

// aptSources are where Debian has kernels: 6.1 and 6.12 with the security updates of Debian 12, the newest
// one in the backports of Debian 13.
const aptSources = `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian-security bookworm-security main
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie-backports main
`

// aptConfiguration needs the folder that apt is to use.
const aptConfiguration = `Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::State::lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s/cache";
APT::Architecture "amd64";
APT::Architectures { "amd64"; "arm64"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
`

// archive gives Debian's kernels. It keeps them in a folder, with a configuration of apt of its own:
// nothing on this machine is changed, whatever it has for architectures and sources.
type archive struct{ folder string }

// openArchive returns the archive in the user's cache folder.
func openArchive() (archive, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return archive{}, err
	}
	a := archive{filepath.Join(cache, "ebpfgo-vm")}
	for _, folder := range []string{"lists/partial", "cache/archives/partial", "files"} {
		if err := os.MkdirAll(filepath.Join(a.folder, folder), 0o750); err != nil {
			return a, err
		}
	}
	if err := os.WriteFile(a.file("sources.list"), []byte(aptSources), 0o644); err != nil {
		return a, err
	}
	if err := os.WriteFile(a.file("status"), nil, 0o644); err != nil { // nothing is installed
		return a, err
	}
	return a, os.WriteFile(a.file("apt.conf"), fmt.Appendf(nil, aptConfiguration, a.folder), 0o644)
}

func (a archive) file(name string) string { return filepath.Join(a.folder, name) }

// fetch returns the files of the newest kernels, in order. Of those that are there already nothing is loaded.
func (a archive) fetch(ctx context.Context, kernels []kernel) ([]string, error) {
	unlock, err := a.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	names, err := a.names(ctx)
	if err != nil {
		return nil, err
	}
	files := make([]string, len(kernels))
	for i, k := range kernels {
		packages := k.packages(names)
		if len(packages) == 0 {
			return nil, fmt.Errorf("kernel %q for %s: no package in %s: is the series still maintained? See %s", k.series, k.arch, "deb.debian.org", a.file("sources.list"))
		}
		if files[i], err = a.take(ctx, packages[0], k.arch, "vmlinuz"); err != nil {
			return nil, fmt.Errorf("kernel %q for %s: %w", k.series, k.arch, err)
		}
	}
	return files, nil
}

// loader returns the program that the C library has for loading executables that are position
// independent, and the place where they ask for it.
func (a archive) loader(ctx context.Context, arch string) (file, place string, err error) {
	place = map[string]string{"amd64": "/lib64/ld-linux-x86-64.so.2", "arm64": "/lib/ld-linux-aarch64.so.1"}[arch]
	unlock, err := a.lock()
	if err != nil {
		return "", "", err
	}
	defer unlock()
	file, err = a.take(ctx, "libc6", arch, filepath.Base(place))
	return file, place, err
}

// lock keeps other processes out of a until unlock is called.
func (a archive) lock() (unlock func(), err error) {
	file, err := os.OpenFile(a.file("lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { file.Close() }, nil
}

// names lists the packages that have a kernel.
func (a archive) names(ctx context.Context) ([]string, error) {
	read := a.file("lists/read")
	if info, err := os.Stat(read); err != nil || time.Since(info.ModTime()) > indexAge {
		if _, err := a.apt(ctx, "apt-get", "--quiet", "--error-on=any", "update"); err != nil {
			return nil, err
		}
		if err := os.WriteFile(read, nil, 0o644); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, prefix := range []string{"linux-image-", "linux-binary-"} {
		output, err := a.apt(ctx, "apt-cache", "pkgnames", prefix)
		if err != nil {
			return nil, err
		}
		names = append(names, strings.Fields(string(output))...)
	}
	return names, nil
}

// take returns the file out of a package whose name begins so.
func (a archive) take(ctx context.Context, name, arch, prefix string) (string, error) {
	file := a.file(filepath.Join("files", name+"-"+arch))
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	work, err := os.MkdirTemp(a.folder, "download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	command := exec.CommandContext(ctx, "apt-get", "--quiet", "download", name+":"+arch)
	command.Dir = work
	if _, err := a.run(command); err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(work, "*.deb"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("download %s: %d files came (%w)", name, len(found), err)
	}
	unpacked := filepath.Join(work, "file")
	if err := unpack(ctx, found[0], prefix, unpacked); err != nil {
		return "", err
	}
	return file, os.Rename(unpacked, file)
}

func (a archive) apt(ctx context.Context, name string, args ...string) ([]byte, error) {
	return a.run(exec.CommandContext(ctx, name, args...))
}

// run runs a command of apt with a's configuration and returns what it prints.
func (a archive) run(command *exec.Cmd) ([]byte, error) {
	command.Env = append(os.Environ(), "APT_CONFIG="+a.file("apt.conf"))
	output, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, exit.Stderr)
	}
	return output, err
}

// unpack takes a file out of a package of Debian.
func unpack(ctx context.Context, deb, prefix, file string) error {
	command := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	err = copyFile(stdout, prefix, file)
	_, drained := io.Copy(io.Discard, stdout)
	return errors.Join(err, drained, command.Wait())
}

// copyFile copies the first file of a tar archive whose name, without its folder, begins with prefix.
func copyFile(r io.Reader, prefix, file string) error {
	for files := tar.NewReader(r); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("there is no file %s* in the package", prefix)
		}
		if err != nil {
			return err
		}
		if header.Typeflag != tar.TypeReg || !strings.HasPrefix(filepath.Base(header.Name), prefix) {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			return err
		}
		return os.WriteFile(file, content, 0o755)
	}
}
