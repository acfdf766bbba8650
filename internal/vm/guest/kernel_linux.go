// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// syslogActionReadAll is SYSLOG_ACTION_READ_ALL of include/linux/syslog.h.
const syslogActionReadAll = 3

// kernelLogSize is more than the kernel keeps, in bytes.
const kernelLogSize = 4 << 20

var (
	lockdownChosen = regexp.MustCompile(`\[(\w+)\]`)
	// The kernel says how it preempts once more each time it is changed, kernel/sched/core.c. The file in
	// debugfs cannot be read under lockdown.
	preemptChosen = regexp.MustCompile(`Dynamic Preempt: (\w+)`)
)

// checkKernel reports what the kernel is, and fails if that is not what was ordered.
func checkKernel(o Orders, fact func(string, ...any)) error {
	version, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return err
	}
	fact("Linux %s", strings.TrimSpace(string(version)))
	lockdown, err := os.ReadFile("/sys/kernel/security/lockdown")
	if err != nil {
		return err
	}
	log := make([]byte, kernelLogSize)
	n, err := unix.Klogctl(syslogActionReadAll, log)
	if err != nil {
		return fmt.Errorf("read the log of the kernel: %w", err)
	}
	if err := check("lockdown", lockdownChosen, lockdown, o.Lockdown, fact); err != nil {
		return err
	}
	return check("preempt", preemptChosen, log[:n], o.Preempt, fact)
}

// check reports a setting, the last one that text names, and fails if it is not what was ordered.
func check(name string, chosen *regexp.Regexp, text []byte, want string, fact func(string, ...any)) error {
	found := chosen.FindAllSubmatch(text, -1)
	if found == nil && want == "" {
		return nil // not every architecture can choose how it preempts
	}
	if found == nil {
		return fmt.Errorf("the kernel does not say what %s is in force", name)
	}
	have := string(found[len(found)-1][1])
	fact("%s=%s", name, have)
	if want != "" && have != want {
		return fmt.Errorf("%s=%s is in force, %s was ordered", name, have, want)
	}
	return nil
}
