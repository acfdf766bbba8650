// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"errors"
	"fmt"
	"time"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// Config is what one ebpfgo receiver traces and how it hands its spans on.
type Config struct {
	// Targets says which Go processes are traced: those that match any entry.
	Targets []TargetConfig `mapstructure:"targets"`

	// Exclude says which processes are not traced although they match a target.
	Exclude []SelectorConfig `mapstructure:"exclude"`

	// Instrumentations switches libraries off, by the name of the instrumentation.
	// One that is not named here is on.
	Instrumentations map[string]InstrumentationConfig `mapstructure:"instrumentations"`

	// Propagation says how the trace context passes from one process to another.
	Propagation PropagationConfig `mapstructure:"propagation"`
	// Sampler says which traces are sampled. Of several receivers that trace the same
	// process, that which keeps most decides for all of them.
	Sampler SamplerConfig `mapstructure:"sampler"`

	// PollInterval is the time between two comparisons of the known processes with
	// those of the host, which find what the kernel's own notice of a start or of a
	// newly opened port has missed.
	PollInterval time.Duration `mapstructure:"poll_interval"`

	// Batch says when collected spans go to the pipeline.
	Batch BatchConfig `mapstructure:"batch"`

	// QueueSize is the number of spans that may wait for a pipeline that is slower
	// than the targets. What does not fit is lost, and counted.
	QueueSize int `mapstructure:"queue_size"`

	// OffsetsFile names a database of struct layouts that adds to and overrides the one
	// that is built in, for releases of libraries that this one does not know. It is read
	// at the start.
	OffsetsFile string `mapstructure:"offsets_file"`
}

// BatchConfig says when collected spans go to the pipeline: as soon as one of the
// two limits is reached.
type BatchConfig struct {
	// MaxSpans is the largest number of spans in one batch.
	MaxSpans int `mapstructure:"max_spans"`

	// Timeout is the longest time that a finished span waits for others.
	Timeout time.Duration `mapstructure:"timeout"`
}

const (
	minPollInterval = 100 * time.Millisecond
	minBatchTimeout = time.Millisecond
	maxBatchTimeout = time.Minute
	maxBatchSpans   = 1 << 16
	maxQueueSize    = 1 << 20
)

// Validate reports everything that is wrong with the configuration itself, every
// error by the path of its key. It looks at nothing else: not at the host, not at
// the kernel.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateTargets(),
		c.validateInstrumentations(),
		c.validatePropagation(),
		c.Sampler.validate(),
		c.validateLimits(),
	)
}

// offsets returns the database of layouts.
func (c *Config) offsets() (*offsetsdb.DB, error) {
	if c.OffsetsFile == "" {
		return offsetsdb.Embedded(), nil
	}
	db, err := offsetsdb.Open(c.OffsetsFile)
	if err != nil {
		return nil, fmt.Errorf("offsets_file: %w", err)
	}
	return db, nil
}

func (c *Config) validateTargets() error {
	var errs []error
	if len(c.Targets) == 0 {
		errs = append(errs, errors.New("targets: at least one entry is required, to say which Go processes are traced"))
	}
	for i := range c.Targets {
		errs = append(errs, c.Targets[i].validate(fmt.Sprintf("targets[%d]", i)))
	}
	for i := range c.Exclude {
		errs = append(errs, c.Exclude[i].validate(fmt.Sprintf("exclude[%d]", i)))
	}
	return errors.Join(errs...)
}

func (c *Config) validateLimits() error {
	var errs []error
	if c.PollInterval < minPollInterval {
		errs = append(errs, fmt.Errorf("poll_interval: %v is shorter than %v", c.PollInterval, minPollInterval))
	}
	if c.Batch.MaxSpans < 1 || c.Batch.MaxSpans > maxBatchSpans {
		errs = append(errs, fmt.Errorf("batch.max_spans: %d is not between 1 and %d", c.Batch.MaxSpans, maxBatchSpans))
	}
	if c.Batch.Timeout < minBatchTimeout || c.Batch.Timeout > maxBatchTimeout {
		errs = append(errs, fmt.Errorf("batch.timeout: %v is not between %v and %v", c.Batch.Timeout, minBatchTimeout, maxBatchTimeout))
	}
	if c.QueueSize < c.Batch.MaxSpans || c.QueueSize > maxQueueSize {
		errs = append(errs, fmt.Errorf("queue_size: %d is not between batch.max_spans (%d) and %d", c.QueueSize, c.Batch.MaxSpans, maxQueueSize))
	}
	return errors.Join(errs...)
}
