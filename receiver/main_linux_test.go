// SPDX-License-Identifier: Apache-2.0

package receiver_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.uber.org/goleak"

	"github.com/ebpfgo/ebpfgoreceiver/internal/metadatatest"
	"github.com/ebpfgo/ebpfgoreceiver/receiver"
)

// processVariable makes the test's executable a collector: its value is that of markVariable in the targets.
const processVariable = "EBPFGO_TEST_PROCESS"

func TestMain(m *testing.M) {
	if mark := os.Getenv(processVariable); mark != "" {
		runCollector(mark)
	}
	code := m.Run()
	if code == 0 {
		if err := leaks(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// runCollector runs the receiver until the process is killed.
func runCollector(mark string) {
	factory := receiver.NewFactory()
	config := factory.CreateDefaultConfig().(*receiver.Config)
	targets(receiver.SelectorConfig{Environment: map[string]string{markVariable: mark}})(config)
	ctx := context.Background()
	r, err := factory.CreateTraces(ctx, metadatatest.NewSettings(componenttest.NewTelemetry()), config, consumertest.NewNop())
	if err == nil {
		err = r.Start(ctx, componenttest.NewNopHost())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	select {}
}

// leaks reports what the receivers of all tests have left behind: goroutines, and open files of the
// kernel side, which is what keeps probes attached.
func leaks() error {
	if err := goleak.Find(); err != nil {
		return err
	}
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return err
	}
	for _, file := range files {
		if name, err := os.Readlink(file); err == nil && (strings.Contains(name, "bpf") || strings.Contains(name, "perf_event")) {
			return fmt.Errorf("%s is left open", name)
		}
	}
	return nil
}
