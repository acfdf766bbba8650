// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// More listening sockets of one network namespace, and more descriptors of one
// process, are not looked at. A server opens the sockets that it listens on early,
// and descriptors come in ascending order.
const (
	maxListening   = 16384
	maxDescriptors = 65536
)

// listening holds the ports that are listened on, by the inode of the socket.
type listening map[uint64]uint16

// portTables reads the sockets of each network namespace once. It serves for one
// round over all processes.
type portTables struct {
	files      procFS
	namespaces map[uint64]listening // by inode of the namespace; nil at first
}

// of returns the listening sockets in the network namespace of a process.
func (t *portTables) of(pid int) (listening, error) {
	var namespace unix.Stat_t
	if err := unix.Stat(t.files.path(pid, "ns/net"), &namespace); err != nil {
		return nil, goneOr(err)
	}
	if sockets, ok := t.namespaces[namespace.Ino]; ok {
		return sockets, nil
	}
	sockets := listening{}
	for _, name := range []string{"net/tcp", "net/tcp6"} {
		f, err := os.Open(t.files.path(pid, name))
		if err != nil {
			if name == "net/tcp6" && errors.Is(err, fs.ErrNotExist) {
				continue // a kernel without IPv6
			}
			return nil, goneOr(err)
		}
		sockets.read(f)
		f.Close()
	}
	if t.namespaces == nil {
		t.namespaces = map[uint64]listening{}
	}
	t.namespaces[namespace.Ino] = sockets
	return sockets, nil
}

// read adds the listening sockets of a table as proc_net_tcp.rst of the kernel
// describes it. They stand in front of all connections (tcp_seq_start of
// net/ipv4/tcp_ipv4.c), of which there can be very many.
func (l listening) read(table io.Reader) {
	lines := bufio.NewScanner(table)
	lines.Scan() // the heading
	for lines.Scan() && len(l) < maxListening {
		// sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode
		fields := bytes.Fields(lines.Bytes())
		if len(fields) < 10 || string(fields[3]) != "0A" { // TCP_LISTEN
			return
		}
		_, portField, _ := bytes.Cut(fields[1], []byte{':'})
		port, err := strconv.ParseUint(string(portField), 16, 16)
		if err != nil {
			return
		}
		inode, err := strconv.ParseUint(string(fields[9]), 10, 64)
		if err != nil {
			return
		}
		l[inode] = uint16(port)
	}
}

// sockets returns those of the wanted sockets that a process has open.
func (files procFS) sockets(pid int, wanted listening) (listening, error) {
	folder, err := os.Open(files.path(pid, "fd"))
	if err != nil {
		return nil, goneOr(err)
	}
	defer folder.Close()
	found := listening{}
	link := make([]byte, 64)
	for seen := 0; seen < maxDescriptors; {
		names, err := folder.Readdirnames(1024)
		for _, name := range names {
			n, err := unix.Readlinkat(int(folder.Fd()), name, link)
			if err != nil {
				continue // closed meanwhile
			}
			if inode, ok := socketInode(string(link[:n])); ok {
				if port, ok := wanted[inode]; ok {
					found[inode] = port
				}
			}
		}
		if seen += len(names); err == io.EOF || len(names) == 0 {
			return found, nil
		}
		if err != nil {
			return nil, goneOr(err)
		}
	}
	return found, nil
}

// socketInode parses what the link of a descriptor shows: socket:[12345].
func socketInode(link string) (uint64, bool) {
	number, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
	return inode, err == nil
}
