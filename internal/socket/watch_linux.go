// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Event does what an event whose header says events.TypeSocket asks for. The error says why
// a socket cannot be watched.
func (w *Way) Event(record []byte) error {
	r, err := decode(record)
	if err != nil {
		return err
	}
	if !r.watch {
		return w.leave(r.key)
	}
	if err := w.watch(r); err != nil {
		return fmt.Errorf("watch socket %d of process %d: %w", r.fd, r.key.TGID, err)
	}
	return nil
}

// leave takes a socket out that is not needed, or gone.
func (w *Way) leave(key connectionKey) error {
	if err := w.sockets.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("map sockets: %w", err)
	}
	return nil
}

// watch puts an existing socket in. If that is refused, the kernel side does not ask again.
func (w *Way) watch(r request) error {
	fd, err := duplicate(int(r.key.TGID), r.fd)
	if err != nil {
		return err // the process may be gone
	}
	defer unix.Close(fd)
	if err := check(fd, r.key); err != nil {
		return err // it was closed meanwhile
	}
	cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_COOKIE)
	if err != nil {
		return fmt.Errorf("SO_COOKIE: %w", err)
	}
	if err := w.connections.Put(r.key, connection{ID: cookie, State: fresh, Patience: patience}); err != nil {
		return fmt.Errorf("map connections: %w", err)
	}
	if err := w.sockets.Put(r.key, uint64(fd)); err != nil {
		err = fmt.Errorf("map sockets: %w", err)
		if errors.Is(err, unix.EBUSY) {
			err = fmt.Errorf("%w: another eBPF program has the socket", err)
		}
		return errors.Join(err, w.connections.Put(r.key, connection{State: lost}))
	}
	return nil
}

// duplicate returns a file descriptor of another process as one of this process.
func duplicate(pid, number int) (int, error) {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_open: %w", err)
	}
	defer unix.Close(process)
	fd, err := unix.PidfdGetfd(process, number, 0)
	if err != nil {
		return 0, fmt.Errorf("pidfd_getfd: %w", err)
	}
	return fd, nil
}

var errOther = errors.New("it is another socket by now")

// check tells whether a file descriptor is the established TCP connection that it is taken
// for.
func check(fd int, key connectionKey) error {
	for option, expected := range map[int]int{unix.SO_TYPE: unix.SOCK_STREAM, unix.SO_PROTOCOL: unix.IPPROTO_TCP} {
		value, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
		if err != nil {
			return fmt.Errorf("option %d of the socket: %w", option, err)
		}
		if value != expected {
			return errOther
		}
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return fmt.Errorf("TCP_INFO: %w", err)
	}
	if info.State != unix.BPF_TCP_ESTABLISHED {
		return errors.New("the connection is not established any more")
	}
	for _, end := range []struct {
		get     func(int) (unix.Sockaddr, error)
		address [16]byte
		port    uint16
	}{
		{unix.Getsockname, key.Local, key.LocalPort},
		{unix.Getpeername, key.Remote, key.RemotePort},
	} {
		address, err := end.get(fd)
		if err != nil {
			return fmt.Errorf("address of the socket: %w", err)
		}
		if addrPort(address) != netip.AddrPortFrom(netip.AddrFrom16(end.address), end.port) {
			return errOther
		}
	}
	return nil
}

// addrPort returns an address in the form of IPv6, as the kernel side has it.
func addrPort(address unix.Sockaddr) netip.AddrPort {
	switch a := address.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom16(netip.AddrFrom4(a.Addr).As16()), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
}
