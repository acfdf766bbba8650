/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Fixed-width names, and the header that every kernel-side file starts with. */
#ifndef EBPFGO_TYPES_H
#define EBPFGO_TYPES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s64 s64;

#endif
