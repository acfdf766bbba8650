/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the cookie of an attachment says: which binary, which address, and how to take the hit. */
#ifndef EBPFGO_SITE_H
#define EBPFGO_SITE_H

#include "registers.h"

/* Kept equal to Cookie in internal/loader/cookie.go: binary:16, variant:3, stack check:1, address:44. */
#define SITE_ADDRESS_BITS 44
#define SITE_STACK_CHECK_BIT 44
#define SITE_VARIANT_SHIFT 45
#define SITE_BINARY_SHIFT 48

struct site {
	u64 bias;    /* where the kernel mapped the binary, less its link-time address: 0 unless it is PIE */
	u32 binary;  /* index of the binary's layouts */
	u32 variant; /* meaning defined by the program */
	u64 identity; /* of the process, see struct target; 0: not known */
};

/* read_site: false when the hit does not count, see morestack_follows. */
static __always_inline bool read_site(struct registers *ctx, struct site *site)
{
	u64 cookie = bpf_get_attach_cookie(ctx);

	if ((cookie >> SITE_STACK_CHECK_BIT & 1) && morestack_follows(ctx))
		return false;
	site->bias = instruction_pointer(ctx) - (cookie & ((1ULL << SITE_ADDRESS_BITS) - 1));
	site->binary = cookie >> SITE_BINARY_SHIFT;
	site->variant = cookie >> SITE_VARIANT_SHIFT & 7;
	site->identity = 0;
	return true;
}

#endif
