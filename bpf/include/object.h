/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* One Go struct, read whole into the scratch memory, and its fields. A field that is not known reads as zero. */
#ifndef EBPFGO_OBJECT_H
#define EBPFGO_OBJECT_H

#include "memory.h"
#include "scratch.h"

/*
 * read_object reads the first size bytes of the struct at address. Go's fresh memory has a page only where it was
 * written: what lies on a page that is not there reads as zeros, as the fields of it are.
 */
static __always_inline bool read_object(struct scratch *scratch, u64 address, u32 size)
{
	const u32 page = 4096; /* the smallest one */
	u32 first = page - (address & (page - 1));

	if (!address || size == 0)
		return false;
	/* The barriers keep the compiler from merging checks into arithmetic that older verifiers cannot follow. */
	asm volatile("" : "+r"(size));
	if (size > STRUCT_MAX)
		return false;
	if (!bpf_probe_read_user(scratch->object, size, (void *)address))
		return true;
	__builtin_memset(scratch->object, 0, sizeof(scratch->object));
	asm volatile("" : "+r"(first));
	return first < size && first <= STRUCT_MAX && !bpf_probe_read_user(scratch->object, first, (void *)address);
}

/*
 * field_at: the place of a field, or NULL. The barrier keeps the compiler from checking one register and using
 * another, which the verifier would refuse.
 */
static __always_inline const void *field_at(const struct scratch *scratch, u32 offset)
{
	asm volatile("" : "+r"(offset));
	if (offset > STRUCT_MAX - sizeof(u64))
		return NULL;
	return scratch->object + offset;
}

static __always_inline u64 object_word(const struct scratch *scratch, u32 offset)
{
	const u64 *field = field_at(scratch, offset);

	return field ? *field : 0;
}

static __always_inline struct go_string object_string(const struct scratch *scratch, u32 offset)
{
	struct go_string string = {
		.data = object_word(scratch, offset),
		.length = offset == MISSING ? 0 : object_word(scratch, offset + sizeof(u64)),
	};

	return string;
}

static __always_inline struct go_interface object_interface(const struct scratch *scratch, u32 offset)
{
	struct go_interface value = {
		.type = object_word(scratch, offset),
		.data = offset == MISSING ? 0 : object_word(scratch, offset + sizeof(u64)),
	};

	return value;
}

#endif
