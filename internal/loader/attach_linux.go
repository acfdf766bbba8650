// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package loader

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/cilium/ebpf/link"

	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// Attachment is probes in one binary, for all its processes or for one. It goes with
// the process that holds it, however that ends.
type Attachment struct {
	links   []link.Link
	closing chan struct{} // that of the Loader
}

// maxClosing is how many links are closed at a time. The kernel lets each wait until no processor can be in its
// program any more (uprobe_unregister_sync, kernel/events/uprobes.c), some ten milliseconds; those that
// wait at the same time wait for the same. Each takes a thread, which Go keeps.
const maxClosing = 256

// Attach puts probes into a binary that is open as file. With a pid, only that process
// gets them; with 0, every process that runs the binary, now or later. It attaches all
// or none.
func (l *Loader) Attach(file *os.File, binary uint16, probes []instrument.Probe, pid int) (*Attachment, error) {
	// The path leads to the inode itself, wherever it is mounted and whether or not it
	// still has a name.
	executable, err := link.OpenExecutable(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	if err != nil {
		return nil, err
	}
	a := &Attachment{closing: l.closing}
	for _, group := range byProgram(probes) {
		if err := l.attach(a, executable, binary, group, pid); err != nil {
			return nil, errors.Join(explain(fmt.Errorf("attach %s: %w", group[0].Program, err)), a.Close())
		}
	}
	return a, nil
}

// byProgram groups probes that one link can hold.
func byProgram(probes []instrument.Probe) [][]instrument.Probe {
	var groups [][]instrument.Probe
	places := map[string]int{}
	for _, probe := range probes {
		place, ok := places[probe.Program]
		if !ok {
			place = len(groups)
			places[probe.Program] = place
			groups = append(groups, nil)
		}
		groups[place] = append(groups[place], probe)
	}
	return groups
}

func (l *Loader) attach(a *Attachment, executable *link.Executable, binary uint16, probes []instrument.Probe, pid int) error {
	program := l.programs[probes[0].Program]
	if program == nil {
		return errors.New("no such program")
	}
	if l.multi {
		options := &link.UprobeMultiOptions{PID: uint32(pid)}
		for _, probe := range probes {
			options.Addresses = append(options.Addresses, probe.Site.Offset)
			options.Cookies = append(options.Cookies, cookie(binary, probe))
		}
		attached, err := executable.UprobeMulti(nil, program, options)
		if err != nil {
			return err
		}
		a.links = append(a.links, attached)
		return nil
	}
	for _, probe := range probes {
		attached, err := executable.Uprobe("", program, &link.UprobeOptions{
			Address: probe.Site.Offset, Cookie: cookie(binary, probe), PID: pid,
		})
		if err != nil {
			return err
		}
		a.links = append(a.links, attached)
	}
	return nil
}

// Close takes the probes out.
func (a *Attachment) Close() error {
	errs := make([]error, len(a.links))
	var closing sync.WaitGroup
	for i, attached := range a.links {
		closing.Go(func() {
			a.closing <- struct{}{}
			errs[i] = attached.Close()
			<-a.closing
		})
	}
	closing.Wait()
	a.links = nil
	return errors.Join(errs...)
}
