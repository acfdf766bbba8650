/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The frames of HTTP/2: RFC 9113, section 4.1. */
#ifndef EBPFGO_FRAME_H
#define EBPFGO_FRAME_H

#include "types.h"

#define FRAME_HEADER 9
#define FRAME_MAX 16384 /* what every peer takes */
#define FRAME_HEADERS 1
#define FLAG_END_STREAM 1
#define FLAG_END_HEADERS 4
#define FLAG_PADDED 8

struct frame_header {
	u8 length[3];
	u8 type;
	u8 flags;
	u8 stream_id[4];
};

static __always_inline u32 frame_stream(const struct frame_header *frame)
{
	return (u32)frame->stream_id[0] << 24 | (u32)frame->stream_id[1] << 16 | (u32)frame->stream_id[2] << 8 | frame->stream_id[3];
}

static __always_inline u32 frame_length(const struct frame_header *frame)
{
	return (u32)frame->length[0] << 16 | (u32)frame->length[1] << 8 | frame->length[2];
}

static __always_inline void set_frame_length(struct frame_header *frame, u32 length)
{
	frame->length[0] = length >> 16;
	frame->length[1] = length >> 8;
	frame->length[2] = length;
}

#endif
