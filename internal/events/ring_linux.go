// SPDX-License-Identifier: Apache-2.0

package events

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Ring reads a ring buffer of the kernel side where it lies. It belongs to one goroutine, but for
// Wake and Produced. That of cilium/ebpf takes a lock and copies each record, which makes a span a
// tenth dearer.
//
// Its memory is what kernel/bpf/ringbuf.c maps: a page with the position of the consumer, one with
// that of the producer, and the data, twice in a row, so that no record is in two parts. A record is
// a length and flags in four bytes, four that are the kernel's own, and the data, up to a multiple of
// eight bytes.
type Ring struct {
	consumerPage, producerPages []byte
	consumer, producer          *atomic.Uint64 // bytes since the beginning
	data                        []byte
	mask                        uint64

	file  *os.File // the map, as something that can be waited for
	ready syscall.RawConn
	woken atomic.Bool
}

const (
	recordHeader = 8 // BPF_RINGBUF_HDR_SZ
	recordBusy   = 1 << 31
	recordGone   = 1 << 30 // it was discarded
)

// OpenRing begins to read the ring buffer that is a map.
func OpenRing(m *ebpf.Map) (*Ring, error) {
	r := &Ring{mask: uint64(m.MaxEntries()) - 1}
	if err := r.open(m.FD(), int(m.MaxEntries())); err != nil {
		return nil, errors.Join(fmt.Errorf("open the ring buffer: %w", err), r.Close())
	}
	return r, nil
}

func (r *Ring) open(fd, size int) error {
	page := os.Getpagesize()
	var err error
	if r.consumerPage, err = unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("map the consumer's page: %w", err)
	}
	if r.producerPages, err = unix.Mmap(fd, int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return fmt.Errorf("map the data: %w", err)
	}
	r.consumer, r.producer = position(r.consumerPage), position(r.producerPages)
	r.data = r.producerPages[page:]
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("duplicate its descriptor: %w", err)
	}
	if err := unix.SetNonblock(own, true); err != nil { // or the runtime would not wait for it
		unix.Close(own)
		return fmt.Errorf("make it one that can be waited for: %w", err)
	}
	r.file = os.NewFile(uintptr(own), "ring buffer")
	if err := r.file.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("wait for it: %w", err)
	}
	r.ready, err = r.file.SyscallConn()
	return err
}

func position(page []byte) *atomic.Uint64 {
	return (*atomic.Uint64)(unsafe.Pointer(&page[0])) //nolint:gosec // the kernel's own counter, at the start of a page
}

// Close gives the memory back. No other method may be running, nor be called any more.
func (r *Ring) Close() error {
	var errs []error
	if r.file != nil {
		errs = append(errs, r.file.Close())
	}
	for _, pages := range [][]byte{r.consumerPage, r.producerPages} {
		if pages != nil {
			errs = append(errs, unix.Munmap(pages))
		}
	}
	return errors.Join(errs...)
}

// Consumed is how far the ring buffer has been read, in bytes since its beginning.
func (r *Ring) Consumed() uint64 { return r.consumer.Load() }

// Produced is how far it has been filled.
func (r *Ring) Produced() uint64 { return r.producer.Load() }

// State is why Read stopped.
type State int

// The states of a ring buffer.
const (
	More    State = iota // there may be more
	Drained              // there was nothing more
	Busy                 // the next record is being written
)

// Read hands over so many records, at most. They are in the ring buffer, which only lasts for the
// call, and cannot be written to. Their place is given back once for all: the kernel side looks at
// the position for each event, on other processors.
func (r *Ring) Read(most int, each func(record []byte)) State {
	at := r.consumer.Load()
	defer func() { r.consumer.Store(at) }()
	end := r.producer.Load()
	for range most {
		if at == end {
			if end = r.producer.Load(); at == end {
				return Drained
			}
		}
		start := at & r.mask
		header := (*atomic.Uint32)(unsafe.Pointer(&r.data[start])).Load() //nolint:gosec // the kernel sets the flags last
		if header&recordBusy != 0 {
			return Busy
		}
		length := uint64(header &^ recordGone)
		if header&recordGone == 0 {
			each(r.data[start+recordHeader:][:length:length])
		}
		at += recordHeader + (length+7)/8*8
	}
	return More
}

// Wait returns when the kernel side wakes the reader, or Wake was called, or at a time. What the
// kernel side said just before is not heard, but it says it with each event while much waits.
func (r *Ring) Wait(until time.Time) {
	if err := r.file.SetReadDeadline(until); err != nil || r.woken.Swap(false) {
		return // it was possible in open
	}
	waited := false
	// The error is that the time has come.
	_ = r.ready.Read(func(uintptr) bool {
		done := waited
		waited = true
		return done
	})
}

// Wake ends a Wait, the present one or else the next.
func (r *Ring) Wake() {
	r.woken.Store(true)
	_ = r.file.SetReadDeadline(time.Unix(1, 0)) // in the past; it was possible in open
}
