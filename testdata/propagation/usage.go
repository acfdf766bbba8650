// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log"
	"sort"
	"syscall"
	"time"
)

// cpuTime is the time that the process has had so far, in user space and in the kernel.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		log.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// percentile is the duration that n percent do not exceed. It sorts them.
func percentile(durations []time.Duration, n int) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	sort.Slice(durations, func(i, j int) bool { return durations[i] < durations[j] })
	return durations[(len(durations)-1)*n/100]
}
