// SPDX-License-Identifier: Apache-2.0

package loader

// Settings say what is asked of a target besides spans, see bpf/include/target.h.
type Settings uint32

const (
	samplerShift = 8 // of the number of the sampler, 8 bits
	maxSamplers  = 255

	traced = Settings(1 << 31)
)
