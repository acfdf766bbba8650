// SPDX-License-Identifier: Apache-2.0

package targettest

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// SlownessVariable is the environment variable that says how many times slower than others this
// machine is, as one that is emulated.
const SlownessVariable = "EBPFGO_TEST_SLOWNESS"

var slowness = readSlowness()

func readSlowness() time.Duration {
	text, ok := os.LookupEnv(SlownessVariable)
	if !ok {
		return 1
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		panic(fmt.Sprintf("targettest: %s=%q is no positive number", SlownessVariable, text))
	}
	return time.Duration(n)
}

// Patience is how long to wait on this machine for what takes no longer than d on others.
func Patience(d time.Duration) time.Duration { return d * slowness }
