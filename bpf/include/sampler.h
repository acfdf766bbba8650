/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Head sampling: whether a span is sampled is decided when it starts, by the rules of the SDK of OpenTelemetry for Go. One
 * that is not has state all the same, so that its children know that they are not either.
 */
#ifndef EBPFGO_SAMPLER_H
#define EBPFGO_SAMPLER_H

#include "lineage.h"
#include "target.h"

#define SAMPLERS_MAX (SAMPLER_MASK + 1)

/* Kept equal to samplerState in internal/loader/sampler_linux.go. */
struct sampler {
	u64 bound;	 /* a trace is sampled if its number, of 63 bits, is below */
	u8 parent_based; /* what has a parent is sampled if that is, whatever its number */
	u8 padding[7];
};

/* By number. 0 is parent_based_always_on, the default, and is not looked up. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SAMPLERS_MAX);
	__type(key, u32);
	__type(value, struct sampler);
} samplers SEC(".maps");

static __always_inline u8 sampler_of(u32 settings)
{
	return settings >> SAMPLER_SHIFT & SAMPLER_MASK;
}

/* is_sampled: the number of a trace is that of TraceIDRatioBased (sdk/trace/sampling.go). */
static __always_inline bool is_sampled(const u64 trace_id[2], const struct parent *parent)
{
	u32 number = parent->sampler;
	struct sampler *sampler = number ? bpf_map_lookup_elem(&samplers, &number) : NULL;

	if (!sampler)
		return !parent->known || parent->sampled;
	if (sampler->parent_based && parent->known)
		return parent->sampled;
	return __builtin_bswap64(trace_id[1]) >> 1 < sampler->bound;
}

#endif
