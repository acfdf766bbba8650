// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package discovery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"

	"github.com/ebpfgo/ebpfgoreceiver/bpf"
)

// hostPIDNamespace is PROC_PID_INIT_INO of include/linux/proc_ns.h.
const hostPIDNamespace = "pid:[4026531836]"

// execEvents is the ring buffer of bpf/process.bpf.c.
type execEvents struct {
	objects bpf.ProcessObjects
	link    link.Link
	reader  *ringbuf.Reader

	record ringbuf.Record
	lost   uint32
}

// OpenExecs attaches to the kernel's exec tracepoint. It needs CAP_BPF and
// CAP_PERFMON, and the pid namespace of the host, whose pids the kernel reports.
func OpenExecs() (ExecSource, error) {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return nil, fmt.Errorf("watch for new processes: %w", err)
	}
	if namespace != hostPIDNamespace {
		return nil, errors.New("watch for new processes: the collector must run in the pid namespace of the host " +
			"(hostPID: true in Kubernetes, --pid=host with Docker)")
	}
	e := &execEvents{}
	if err := e.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("watch for new processes: %w", err), e.Close())
	}
	return e, nil
}

func (e *execEvents) open() error {
	if err := bpf.LoadProcessObjects(&e.objects, nil); err != nil {
		return fmt.Errorf("load BPF program (needs CAP_BPF and CAP_PERFMON): %w", err)
	}
	var err error
	if e.reader, err = ringbuf.NewReader(e.objects.ProcessEvents); err != nil {
		return fmt.Errorf("read ring buffer: %w", err)
	}
	e.link, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "sched_process_exec", Program: e.objects.ProcessExec})
	if err != nil {
		return fmt.Errorf("attach to raw tracepoint sched_process_exec: %w", err)
	}
	return nil
}

func (e *execEvents) Read() (int, error) {
	if err := e.reader.ReadInto(&e.record); err != nil {
		return 0, fmt.Errorf("read exec event: %w", err)
	}
	// struct exec_event: tgid, lost.
	sample := e.record.RawSample
	if len(sample) < 8 {
		return 0, fmt.Errorf("read exec event: %d bytes instead of 8", len(sample))
	}
	pid := int(binary.NativeEndian.Uint32(sample))
	total := binary.NativeEndian.Uint32(sample[4:])
	// Events of several processors can be written in another order than they were
	// counted in: a smaller number is an older one.
	if lost := int32(total - e.lost); lost > 0 {
		e.lost = total
		return pid, LostExecs(lost)
	}
	return pid, nil
}

func (e *execEvents) Close() error {
	var errs []error
	if e.link != nil {
		errs = append(errs, e.link.Close())
	}
	if e.reader != nil {
		errs = append(errs, e.reader.Close())
	}
	return errors.Join(append(errs, e.objects.Close())...)
}
