// SPDX-License-Identifier: Apache-2.0

package clock

import "golang.org/x/sys/unix"

// sinceBoot reads the clock of bpf_ktime_get_boot_ns.
func sinceBoot() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &now); err != nil {
		panic("CLOCK_BOOTTIME: " + err.Error()) // Linux has had it since 2.6.39
	}
	return now.Nano()
}
