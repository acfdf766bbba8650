// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package clock

import "time"

var start = time.Now()

// sinceBoot counts from the start of the process: there are no kernel events here.
func sinceBoot() int64 { return int64(time.Since(start)) }
