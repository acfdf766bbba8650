// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package socket

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/ebpfgo/ebpfgoreceiver/bpf"
	"github.com/ebpfgo/ebpfgoreceiver/internal/loader"
)

// Way is the attached programs.
type Way struct {
	collection  *ebpf.Collection
	links       []link.Link
	connections *ebpf.Map
	sockets     *ebpf.Map
}

// Open loads and attaches the programs around the maps of the kernel side. The error says
// why this way is not available here.
func Open(l *loader.Loader) (*Way, error) {
	root, err := cgroupRoot(cgroupRoots)
	if err != nil {
		return nil, err
	}
	spec, err := bpf.LoadSocket()
	if err != nil {
		return nil, err
	}
	collection, err := l.Extend(spec)
	if err != nil {
		return nil, explain(fmt.Errorf("load the programs of sockets: %w", err))
	}
	w := &Way{collection: collection, connections: collection.Maps["connections"], sockets: collection.Maps["sockets"]}
	if err := w.attach(root); err != nil {
		return nil, errors.Join(explain(err), w.Close())
	}
	return w, nil
}

// attach begins with the sockhash, so that no socket is in it without its program.
func (w *Way) attach(root string) error {
	err := link.RawAttachProgram(link.RawAttachProgramOptions{
		Target: w.sockets.FD(), Program: w.collection.Programs["socket_message"], Attach: ebpf.AttachSkMsgVerdict,
	})
	if err != nil {
		return fmt.Errorf("attach socket_message: %w", err)
	}
	for _, program := range []struct {
		name   string
		attach ebpf.AttachType
	}{
		{"socket_operation", ebpf.AttachCGroupSockOps},
		{"socket_connect4", ebpf.AttachCGroupInet4Connect},
		{"socket_connect6", ebpf.AttachCGroupInet6Connect},
	} {
		attached, err := link.AttachCgroup(link.CgroupOptions{Path: root, Attach: program.attach, Program: w.collection.Programs[program.name]})
		if err != nil {
			return fmt.Errorf("attach %s to the cgroup %s: %w", program.name, root, err)
		}
		w.links = append(w.links, attached)
	}
	return nil
}

// explain adds to a refusal what would lift it.
func explain(err error) error {
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		return fmt.Errorf("%w: this kernel's verifier refuses a program that others accept: please report it with the kernel's version", err)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: the collector needs the capability NET_ADMIN in the host's user namespace, besides those that tracing needs", err)
	case errors.Is(err, ebpf.ErrNotSupported):
		return fmt.Errorf("%w: this kernel lacks what programs of sockets need: Linux 5.15 or newer with BTF", err)
	}
	return err
}

// Close detaches the programs. Sockets that are watched are let go when the sockhash is
// freed.
func (w *Way) Close() error {
	var errs []error
	for _, attached := range w.links {
		errs = append(errs, attached.Close())
	}
	w.links = nil
	w.collection.Close()
	return errors.Join(errs...)
}
