/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Finding headers in a Go map[string][]string: an http.Header, or the metadata.MD of gRPC, whose names are in lower
 * case. The map's hash is seeded per map, so all groups are looked at, once, for all the names that are wanted. Both
 * kinds of map keep eight entries together: a bucket (runtime/map.go, up to Go 1.23) is 8 bytes of hashes, 8 keys,
 * 8 values and a pointer to an overflow bucket; a group (internal/runtime/maps/group.go, from Go 1.24) is 8 control
 * bytes and 8 pairs of key and value.
 */
#ifndef EBPFGO_HEADER_H
#define EBPFGO_HEADER_H

#include "memory.h"
#include "rounds.h"
#include "scratch.h"

#define MAP_ENTRIES 8
#define KEY_SIZE 16   /* string */
#define VALUE_SIZE 24 /* []string */
#define BUCKET_SIZE (8 + MAP_ENTRIES * (KEY_SIZE + VALUE_SIZE) + 8)
#define GROUP_SIZE (8 + MAP_ENTRIES * (KEY_SIZE + VALUE_SIZE))
#define GROUPS_MAX 512 /* some 3 500 headers */

/* The loop over groups: see rounds.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GROUPS_MAX);
	__type(key, u32);
	__type(value, u8);
} rounds SEC(".maps");

/* How a binary's maps are laid out. Kept equal to mapKind in internal/loader/layout.go. */
enum map_kind {
	MAP_UNKNOWN,
	MAP_BUCKETS,
	MAP_SWISS,
};

/*
 * What may be wanted of the headers of a request; the order is that of wanted_headers. Names of one length stand
 * together, see behind_first.
 */
enum header {
	HEADER_TRACESTATE,
	HEADER_USER_AGENT,
	HEADER_AUTHORITY, /* ":authority", the Host of HTTP/2 */
	HEADER_B3_FLAGS,
	HEADER_B3_SPAN_ID,
	HEADER_TRACEPARENT,
	HEADER_B3_SAMPLED,
	HEADER_B3_TRACE_ID,
	HEADER_FORWARDED,
	HEADER_X_FORWARDED_FOR,
	HEADER_X_FORWARDED_HOST,
	HEADER_X_FORWARDED_PROTO,
	HEADER_B3,
	HEADERS,
};

/*
 * A header name by its length, its first eight bytes, and those from tail on, which end it: in lower case, and filled
 * up with spaces if there are less. Case is the bit 0x20 of a letter; the other characters of these names have it set.
 */
#define LOWER_CASE 0x2020202020202020ULL
struct header_name {
	u32 length;
	u32 tail;
	char first[8];
	char last[8];
};

static const struct header_name wanted_headers[HEADERS_MAX] = {
	[HEADER_TRACESTATE] = {10, 2, "tracesta", "acestate"},
	[HEADER_USER_AGENT] = {10, 2, "user-age", "er-agent"},
	[HEADER_AUTHORITY] = {10, 2, ":authori", "uthority"},
	[HEADER_B3_FLAGS] = {10, 2, "x-b3-fla", "b3-flags"},
	[HEADER_B3_SPAN_ID] = {11, 3, "x-b3-spa", "3-spanid"},
	[HEADER_TRACEPARENT] = {11, 3, "tracepar", "ceparent"},
	[HEADER_B3_SAMPLED] = {12, 4, "x-b3-sam", "-sampled"},
	[HEADER_B3_TRACE_ID] = {12, 4, "x-b3-tra", "-traceid"},
	[HEADER_FORWARDED] = {9, 1, "forwarde", "orwarded"},
	[HEADER_X_FORWARDED_FOR] = {15, 7, "x-forwar", "rded-for"},
	[HEADER_X_FORWARDED_HOST] = {16, 8, "x-forwar", "ded-host"},
	[HEADER_X_FORWARDED_PROTO] = {17, 9, "x-forwar", "ed-proto"},
	[HEADER_B3] = {2, 0, "b3      ", "b3      "},
};

/*
 * The lengths of names, as bits, that find_headers looks for: a name of no such length is not read, which is what
 * costs.
 */
#define LENGTHS 32
#define LENGTHS_SERVER (1 << 9 | 1 << 10 | 1 << 11 | 1 << 15 | 1 << 16 | 1 << 17)
#define LENGTHS_TRACECONTEXT (1 << 10 | 1 << 11)
#define LENGTHS_B3 (1 << 2)
#define LENGTHS_B3_MULTI (1 << 12) /* the others have one of LENGTHS_SERVER */

/*
 * The header that a name can be, by its length the first of several, and by its sixth character how far it stands
 * behind that. It leaves one name to compare with, which keeps the loops short for the verifier and for the target.
 */
static const u8 first_of_length[LENGTHS] = {
	[2] = HEADER_B3,
	[9] = HEADER_FORWARDED,
	[10] = HEADER_TRACESTATE,
	[11] = HEADER_B3_SPAN_ID,
	[12] = HEADER_B3_SAMPLED,
	[15] = HEADER_X_FORWARDED_FOR,
	[16] = HEADER_X_FORWARDED_HOST,
	[17] = HEADER_X_FORWARDED_PROTO,
};

static const u8 behind_first[256] = {
	['A'] = HEADER_USER_AGENT - HEADER_TRACESTATE,
	['a'] = HEADER_USER_AGENT - HEADER_TRACESTATE,
	['O'] = HEADER_AUTHORITY - HEADER_TRACESTATE,
	['o'] = HEADER_AUTHORITY - HEADER_TRACESTATE,
	['F'] = HEADER_B3_FLAGS - HEADER_TRACESTATE,
	['f'] = HEADER_B3_FLAGS - HEADER_TRACESTATE,
	['P'] = HEADER_TRACEPARENT - HEADER_B3_SPAN_ID,
	['p'] = HEADER_TRACEPARENT - HEADER_B3_SPAN_ID,
	['T'] = HEADER_B3_TRACE_ID - HEADER_B3_SAMPLED,
	['t'] = HEADER_B3_TRACE_ID - HEADER_B3_SAMPLED,
};

/* match_entry notes the values of one entry if its key is wanted. */
static __always_inline void match_entry(struct scratch *scratch, u32 key_at, u32 value_at)
{
	u64 address = *(u64 *)(scratch->group + key_at);
	u64 length = *(u64 *)(scratch->group + key_at + 8);

	if (length >= LENGTHS || !(scratch->lengths >> length & 1))
		return;
	*(u64 *)scratch->name = 0; /* for names of less than eight bytes */
	/* One read, of the whole name: each costs more than what is compared. */
	if (bpf_probe_read_user(scratch->name, length, (void *)address))
		return;

	u32 header = (first_of_length[length] + behind_first[scratch->name[5]]) & (HEADERS_MAX - 1);
	const struct header_name *wanted = &wanted_headers[header];

	if (wanted->length != length || *(const u64 *)wanted->first != (*(u64 *)scratch->name | LOWER_CASE))
		return;
	if (*(const u64 *)wanted->last != (*(u64 *)(scratch->name + (wanted->tail & (LENGTHS - 1))) | LOWER_CASE))
		return;

	u64 values = *(u64 *)(scratch->group + value_at);

	scratch->headers[header][0] = values;
	scratch->headers[header][1] = *(u64 *)(scratch->group + value_at + 8);
	if (values < scratch->values_from)
		scratch->values_from = values;
	if (values > scratch->values_to)
		scratch->values_to = values;
}

/* What came of an attempt to read a bucket or group. */
enum reading { READ, READ_AGAIN, UNREADABLE };

/*
 * read_entries reads a bucket or group. Go's fresh memory has a page only where it was written, and the end of one
 * that is not full may lie on the next page, which is not there. Then the next round reads what stands before, and
 * the rest is the zeros that the failed read has left. It is another round because the verifier would follow both
 * ways through all that comes after.
 */
static __always_inline enum reading read_entries(struct scratch *scratch, u64 address, u32 *length, u32 size)
{
	const u32 page = 4096; /* the smallest one */
	u32 now = *length;

	*length = size;
	if (now > GROUP_MAX)
		return UNREADABLE;
	if (!bpf_probe_read_user(scratch->group, now, (void *)address))
		return READ;

	u32 first = page - (address & (page - 1));

	if (now < size || first >= size)
		return UNREADABLE;
	*length = first;
	return READ_AGAIN;
}

static __always_inline void match_bucket(struct scratch *scratch)
{
	for (u32 i = 0; i < MAP_ENTRIES; i++) {
		/* Hash bytes below 5 (minTopHash) mark an entry that is empty or was moved. */
		if (scratch->group[i] >= 5)
			match_entry(scratch, 8 + i * KEY_SIZE, 8 + MAP_ENTRIES * KEY_SIZE + i * VALUE_SIZE);
	}
}

static __always_inline void match_group(struct scratch *scratch)
{
	for (u32 i = 0; i < MAP_ENTRIES; i++) {
		/* The high bit of a control byte marks an entry that is empty or deleted. */
		if (!(scratch->group[i] & 0x80))
			match_entry(scratch, 8 + i * (KEY_SIZE + VALUE_SIZE), 8 + i * (KEY_SIZE + VALUE_SIZE) + KEY_SIZE);
	}
}

/* A header of runtime/map.go: hmap. */
struct bucket_map {
	u64 count;
	u8 flags;
	u8 log_buckets;
	u16 overflow_buckets;
	u32 seed;
	u64 buckets;
	u64 old_buckets; /* while it grows: half as many buckets, or as many (flag sameSizeGrow) */
};

/* A walk over buckets. */
struct bucket_walk {
	struct scratch *scratch;
	u64 buckets;
	u64 count;
	u64 next;
	u64 overflow; /* the overflow bucket of the last one */
	u64 old_buckets;
	u64 old_count;
	u32 length; /* bytes to read of the next one */
};

static long next_bucket(void *map, const void *round, void *value, struct bucket_walk *walk)
{
	struct scratch *scratch = walk->scratch;
	u64 bucket = walk->overflow;

	if (!bucket) {
		if (walk->next >= walk->count) {
			walk->buckets = walk->old_buckets;
			walk->count = walk->old_count;
			walk->next = 0;
			walk->old_buckets = 0;
		}
		if (!walk->buckets)
			return LAST_ROUND;
		bucket = walk->buckets + walk->next * BUCKET_SIZE;
		walk->next++;
	}

	enum reading reading = read_entries(scratch, bucket, &walk->length, BUCKET_SIZE);

	/* A bucket that was never used may be without a page altogether. */
	walk->overflow = reading == READ_AGAIN ? bucket : 0;
	if (reading != READ)
		return NEXT_ROUND;
	match_bucket(scratch);
	walk->overflow = *(u64 *)(scratch->group + BUCKET_SIZE - 8);
	return NEXT_ROUND;
}

static __always_inline void find_in_bucket_map(struct scratch *scratch, u64 address)
{
	const u8 same_size_grow = 8;
	struct bucket_walk walk = {.scratch = scratch, .length = BUCKET_SIZE};
	struct bucket_map map;

	if (bpf_probe_read_user(&map, sizeof(map), (void *)address) || map.count == 0 || map.log_buckets > 10)
		return;
	walk.buckets = map.buckets;
	walk.count = 1ULL << map.log_buckets;
	walk.old_buckets = map.old_buckets;
	walk.old_count = map.flags & same_size_grow ? walk.count : walk.count / 2;
	bpf_for_each_map_elem(&rounds, next_bucket, &walk, 0);
}

/* A header of internal/runtime/maps/map.go: Map. */
struct swiss_map {
	u64 used;
	u64 seed;
	u64 directory; /* the only group when directory_length is 0, else an array of *table */
	u64 directory_length;
};

/* internal/runtime/maps/table.go: table, from its groups on. */
struct swiss_groups {
	u64 data;
	u64 length_mask;
};

#define TABLE_GROUPS 16

/* A walk over groups. */
struct group_walk {
	struct scratch *scratch;
	struct swiss_groups groups;
	u64 next;
	u64 directory;
	u64 tables; /* how many places of the directory are left */
	u64 table;  /* the table that the groups belong to */
	u32 length; /* bytes to read of the next one */
};

static long next_group(void *map, const void *round, void *value, struct group_walk *walk)
{
	struct scratch *scratch = walk->scratch;

	if (walk->next > walk->groups.length_mask || !walk->groups.data) {
		/* One that has split less often than others stands in the directory several times. */
		u64 table;

		if (!walk->tables)
			return LAST_ROUND;
		table = read_word(walk->directory);
		walk->directory += sizeof(u64);
		walk->tables--;
		if (!table)
			return LAST_ROUND;
		if (table == walk->table)
			return NEXT_ROUND;
		walk->table = table;
		walk->next = 0;
		if (bpf_probe_read_user(&walk->groups, sizeof(walk->groups), (void *)(table + TABLE_GROUPS)))
			return LAST_ROUND;
	}

	enum reading reading = read_entries(scratch, walk->groups.data + walk->next * GROUP_SIZE, &walk->length, GROUP_SIZE);

	if (reading != READ)
		return reading == READ_AGAIN ? NEXT_ROUND : LAST_ROUND;
	match_group(scratch);
	walk->next++;
	return NEXT_ROUND;
}

static __always_inline void find_in_swiss_map(struct scratch *scratch, u64 address)
{
	struct group_walk walk = {.scratch = scratch, .length = GROUP_SIZE};
	struct swiss_map map;

	if (bpf_probe_read_user(&map, sizeof(map), (void *)address) || map.used == 0)
		return;
	if (map.directory_length == 0) {
		walk.groups.data = map.directory;
	} else {
		walk.directory = map.directory;
		walk.tables = map.directory_length;
	}
	bpf_for_each_map_elem(&rounds, next_group, &walk, 0);
}

static __always_inline void forget_headers(struct scratch *scratch)
{
	__builtin_memset(scratch->headers, 0, sizeof(scratch->headers));
	scratch->values_length = 0;
	scratch->values_from = ~0ULL;
	scratch->values_to = 0;
}

/*
 * read_values reads the strings of all wanted headers at once, if they stand together: net/textproto makes one array of
 * those of a request, and what HTTP/2 allocates one after the other often lies so.
 */
static __always_inline void read_values(struct scratch *scratch)
{
	u64 length = scratch->values_to - scratch->values_from + sizeof(struct go_string);

	/* The barrier keeps the compiler from checking one register and using another, which the verifier would refuse. */
	asm volatile("" : "+r"(length));
	if (scratch->values_to <= scratch->values_from || length > VALUES_MAX)
		return;
	if (!bpf_probe_read_user(scratch->values, length, (void *)scratch->values_from))
		scratch->values_length = length;
}

/* find_headers fills scratch->headers from the map at address, with what has a name of these lengths. */
static __always_inline void find_headers(struct scratch *scratch, u64 address, u16 kind, u32 lengths)
{
	forget_headers(scratch);
	scratch->lengths = lengths;
	if (!address)
		return;
	if (kind == MAP_SWISS)
		find_in_swiss_map(scratch, address);
	else if (kind == MAP_BUCKETS)
		find_in_bucket_map(scratch, address);
	read_values(scratch);
}

/* first_value: the first of a header's values, empty when the header is not there. */
static __always_inline struct go_string first_value(const struct scratch *scratch, enum header header)
{
	u64 at = scratch->headers[header][0] - scratch->values_from;
	struct go_string value = {};

	if (!scratch->headers[header][1])
		return value;
	asm volatile("" : "+r"(at));
	if (at >= scratch->values_length || at > VALUES_MAX - sizeof(value))
		return read_string(scratch->headers[header][0]);
	at &= VALUES_MAX - 1; /* says again what was checked: older verifiers lose it when the value is spilled */
	value.data = *(const u64 *)(scratch->values + at);
	value.length = *(const u64 *)(scratch->values + at + sizeof(u64));
	return value;
}

#endif
