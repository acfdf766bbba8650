// SPDX-License-Identifier: Apache-2.0

package guest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// runner is the name by which the first process starts itself again: the first one takes up what
// others leave behind, the second one carries out the orders.
const runner = "runner"

// Run carries out the orders of this machine and switches it off. It must be the first process.
func Run() {
	if os.Args[0] == runner {
		if err := carryOut(); err != nil {
			say("failure: %v", err)
			return
		}
		say(allDone)
		return
	}
	err := runRunner()
	if err != nil {
		say("failure: %v", err)
	}
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		say("failure: switch off: %v", err)
	}
}

// runRunner starts the runner and waits for every process that has lost its parent, until the runner ends.
func runRunner() error {
	process, err := os.StartProcess("/init", []string{runner}, &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}})
	if err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("wait for the runner: %w", err)
		}
		if pid == process.Pid {
			if status != 0 {
				return fmt.Errorf("the runner ended with status %#x", int(status))
			}
			return nil
		}
	}
}

func carryOut() error {
	if err := mountAll(); err != nil {
		return err
	}
	if err := raiseLoopback(); err != nil {
		return err
	}
	orders, err := readOrders()
	if err != nil {
		return err
	}
	if err := checkKernel(orders, func(format string, args ...any) { say("fact: "+format, args...) }); err != nil {
		return err
	}
	for _, command := range orders.Commands {
		say("%v", command.run())
	}
	return nil
}

// run runs the command with its output on the console.
func (c Command) run() Result {
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	command := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	command.Dir, command.Env = c.Folder, c.Env
	command.WaitDelay = time.Second // what it has left behind may hold its output
	var passed passed
	command.Stdout, command.Stderr = io.MultiWriter(os.Stdout, &passed), os.Stderr
	start := time.Now()
	err := command.Run()
	r := Result{c.Name, time.Since(start), "ok"}
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %v", c.Timeout)
	}
	if missing := passed.missing(c.Want); err == nil && len(missing) > 0 {
		err = fmt.Errorf("no test passed that is called %s", strings.Join(missing, ", "))
	}
	if err != nil {
		r.Outcome = err.Error()
	}
	return r
}

// say writes a line of the report.
func say(format string, args ...any) {
	line := mark + fmt.Sprintf(format, args...) + "\n"
	if err := os.WriteFile("/dev/kmsg", []byte(line), 0); err != nil {
		fmt.Print(line)
	}
}
