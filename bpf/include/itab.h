/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The dynamic types of interface values. An itab is never changed and never freed (runtime/iface.go), so what was read
 * of one holds as long as its process lives: it is remembered, because reading it again costs more than all that is done with it.
 */
#ifndef EBPFGO_ITAB_H
#define EBPFGO_ITAB_H

#include "memory.h"
#include "site.h"

#define ITABS_BITS 13
#define ITABS_MAX (1 << ITABS_BITS)

/*
 * A slot that any process may write, and two at once. What is found in it is what was written if both words belong
 * together and to this process, whose identity nobody else knows.
 */
struct itab {
	u64 check; /* address of the itab, identity of the process, and the type, mixed */
	u64 type;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ITABS_MAX);
	__type(key, u32);
	__type(value, struct itab);
} itabs SEC(".maps");

/* mix: a product with an odd number near 2^64 divided by the golden ratio spreads what differs in few bits. */
static __always_inline u64 mix(u64 word)
{
	return word * 0x9e3779b97f4a7c15ULL;
}

/* itab_type: the dynamic type of an interface with methods, internal/abi.ITab.Type, 8 since Go 1.4. 0 of none. */
static __always_inline u64 itab_type(const struct site *site, u64 itab)
{
	const u32 type_offset = 8;
	u64 key = mix(itab) ^ site->identity, type;
	u32 slot = mix(key) >> (64 - ITABS_BITS);
	struct itab *known;

	if (!itab)
		return 0;
	if (!site->identity)
		return read_word(itab + type_offset);
	known = bpf_map_lookup_elem(&itabs, &slot);
	if (!known)
		return 0;
	type = *(volatile u64 *)&known->type;
	if (type && (*(volatile u64 *)&known->check ^ mix(type)) == key)
		return type;
	type = read_word(itab + type_offset);
	if (type) {
		*(volatile u64 *)&known->type = type;
		*(volatile u64 *)&known->check = key ^ mix(type);
	}
	return type;
}

/* link_time_type: the same, as the address that its descriptor has in the executable's file. */
static __always_inline u64 link_time_type(const struct site *site, u64 itab)
{
	u64 type = itab_type(site, itab);

	return type ? type - site->bias : 0;
}

#endif
