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
#include "scratch.h"

#define MAP_ENTRIES 8
#define KEY_SIZE 16   /* string */
#define VALUE_SIZE 24 /* []string */
#define BUCKET_SIZE (8 + MAP_ENTRIES * (KEY_SIZE + VALUE_SIZE) + 8)
#define GROUP_SIZE (8 + MAP_ENTRIES * (KEY_SIZE + VALUE_SIZE))
#define GROUPS_MAX 512 /* some 3 500 headers */

/*
 * The loop over groups: bpf_for_each_map_elem (Linux 5.13) calls its callback once per element, and the verifier
 * reads the callback once, where it would read the body of a for statement once per round.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, GROUPS_MAX);
	__type(key, u32);
	__type(value, u8);
} rounds SEC(".maps");

/* The callback's results. */
enum { NEXT_ROUND = 0, LAST_ROUND = 1 };

/* How a binary's maps are laid out. Kept equal to mapKind in internal/loader/layout.go. */
enum map_kind {
	MAP_UNKNOWN,
	MAP_BUCKETS,
	MAP_SWISS,
};

/* What is wanted from the headers of a request; the order is that of wanted_headers. */
enum header {
	HEADER_TRACEPARENT,
	HEADER_TRACESTATE,
	HEADER_USER_AGENT,
	HEADER_AUTHORITY, /* ":authority", the Host of HTTP/2 */
	HEADER_FORWARDED,
	HEADER_X_FORWARDED_FOR,
	HEADER_X_FORWARDED_HOST,
	HEADER_X_FORWARDED_PROTO,
	HEADERS,
};

/*
 * A header name by its length, its first and its last eight bytes, in lower case. Case is the bit 0x20 of a letter;
 * the other characters of these names have it set.
 */
#define LOWER_CASE 0x2020202020202020ULL
struct header_name {
	u64 length;
	char first[8];
	char last[8];
};

static const struct header_name wanted_headers[HEADERS_MAX] = {
	[HEADER_TRACEPARENT] = {11, "tracepar", "ceparent"},
	[HEADER_TRACESTATE] = {10, "tracesta", "acestate"},
	[HEADER_USER_AGENT] = {10, "user-age", "er-agent"},
	[HEADER_AUTHORITY] = {10, ":authori", "uthority"},
	[HEADER_FORWARDED] = {9, "forwarde", "orwarded"},
	[HEADER_X_FORWARDED_FOR] = {15, "x-forwar", "rded-for"},
	[HEADER_X_FORWARDED_HOST] = {16, "x-forwar", "ded-host"},
	[HEADER_X_FORWARDED_PROTO] = {17, "x-forwar", "ed-proto"},
};

/*
 * The wanted header by the length of its name, plus one; of the three with ten bytes the first. It leaves one name to
 * compare with, which keeps the loops short for the verifier and for the target.
 */
#define LENGTHS 32
static const u8 header_of_length[LENGTHS] = {
	[9] = HEADER_FORWARDED + 1,
	[10] = HEADER_TRACESTATE + 1,
	[11] = HEADER_TRACEPARENT + 1,
	[15] = HEADER_X_FORWARDED_FOR + 1,
	[16] = HEADER_X_FORWARDED_HOST + 1,
	[17] = HEADER_X_FORWARDED_PROTO + 1,
};

/* The other two with ten bytes, by their first character and how far they stand behind it. */
static const u8 behind_tracestate[256] = {
	['U'] = HEADER_USER_AGENT - HEADER_TRACESTATE,
	['u'] = HEADER_USER_AGENT - HEADER_TRACESTATE,
	[':'] = HEADER_AUTHORITY - HEADER_TRACESTATE,
};

/* match_entry notes the values of one entry if its key is wanted. */
static __always_inline void match_entry(struct scratch *scratch, u32 key_at, u32 value_at)
{
	u64 address = *(u64 *)(scratch->group + key_at);
	u64 length = *(u64 *)(scratch->group + key_at + 8);

	/* One read, of the whole name: each costs more than what is compared. */
	if (length >= LENGTHS || !header_of_length[length])
		return;
	if (bpf_probe_read_user(scratch->name, length, (void *)address))
		return;

	u32 header = header_of_length[length] - 1;

	if (header == HEADER_TRACESTATE)
		header += behind_tracestate[scratch->name[0]];
	header &= HEADERS_MAX - 1;
	if (*(const u64 *)wanted_headers[header].first != (*(u64 *)scratch->name | LOWER_CASE))
		return;
	if (*(const u64 *)wanted_headers[header].last != (*(u64 *)(scratch->name + ((length - 8) & (LENGTHS - 1))) | LOWER_CASE))
		return;
	scratch->headers[header][0] = *(u64 *)(scratch->group + value_at);
	scratch->headers[header][1] = *(u64 *)(scratch->group + value_at + 8);
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

/* find_headers fills scratch->headers from the map at address. */
static __always_inline void find_headers(struct scratch *scratch, u64 address, u16 kind)
{
	__builtin_memset(scratch->headers, 0, sizeof(scratch->headers));
	if (!address)
		return;
	if (kind == MAP_SWISS)
		find_in_swiss_map(scratch, address);
	else if (kind == MAP_BUCKETS)
		find_in_bucket_map(scratch, address);
}

/* first_value: the first of a header's values, empty when the header is not there. */
static __always_inline struct go_string first_value(const struct scratch *scratch, enum header header)
{
	struct go_string none = {};

	return scratch->headers[header][1] ? read_string(scratch->headers[header][0]) : none;
}

#endif
