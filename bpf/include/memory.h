/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Reading the target's memory. A failed read gives zero, which every caller takes for "not known". */
#ifndef EBPFGO_MEMORY_H
#define EBPFGO_MEMORY_H

#include "types.h"

/* MISSING is the offset of a field that no source of layouts knows. */
#define MISSING 0xffff

/* A Go string: runtime/string.go, stringStruct. */
struct go_string {
	u64 data;
	u64 length;
};

/* A Go interface value: runtime/runtime2.go, iface (type is an *itab) and eface (type is a *_type). */
struct go_interface {
	u64 type;
	u64 data;
};

static __always_inline u64 read_word(u64 address)
{
	u64 word = 0;

	if (bpf_probe_read_user(&word, sizeof(word), (void *)address))
		return 0;
	return word;
}

static __always_inline u8 read_byte(u64 address)
{
	u8 byte = 0;

	if (bpf_probe_read_user(&byte, sizeof(byte), (void *)address))
		return 0;
	return byte;
}

static __always_inline struct go_string read_string(u64 address)
{
	struct go_string string = {};

	if (bpf_probe_read_user(&string, sizeof(string), (void *)address)) {
		string.data = 0;
		string.length = 0;
	}
	return string;
}

static __always_inline struct go_interface read_interface(u64 address)
{
	struct go_interface value = {};

	if (bpf_probe_read_user(&value, sizeof(value), (void *)address)) {
		value.type = 0;
		value.data = 0;
	}
	return value;
}

#endif
