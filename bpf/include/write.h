/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * Adding to the bytes that a program is about to send, in its own buffer, by the goroutine that fills it. What is behind
 * the bytes in use means nothing to the program until their number says so, and that is written last. Each place that
 * has a meaning is first written with what it has: if the kernel refuses that, nothing has changed.
 */
#ifndef EBPFGO_WRITE_H
#define EBPFGO_WRITE_H

#include "frame.h"
#include "insert.h"

/* A buffer in the target's memory. */
struct send_buffer {
	u64 data;
	u64 size;     /* bytes that may be in use without the program sending them */
	u64 count_at; /* where the program keeps count */
	u64 count;    /* bytes that are in use */
};

static __always_inline bool write_user(u64 address, const void *bytes, u32 length)
{
	return !bpf_probe_write_user((void *)address, bytes, length);
}

static __always_inline bool write_count(const struct send_buffer *buffer, u64 count)
{
	return write_user(buffer->count_at, &count, sizeof(count));
}

/* has_room: whether what was built fits in. */
static __always_inline bool has_room(const struct scratch *scratch, const struct send_buffer *buffer)
{
	return buffer->count <= buffer->size && scratch->length <= buffer->size - buffer->count;
}

/* write_built puts what was built behind the bytes in use. */
static __always_inline bool write_built(const struct scratch *scratch, const struct send_buffer *buffer)
{
	u32 length = scratch->length;

	/* The barriers keep the compiler from merging checks into arithmetic that older verifiers cannot follow. */
	asm volatile("" : "+r"(length));
	if (length < INSERT_MIN)
		return false;
	asm volatile("" : "+r"(length));
	if (length > INSERT_MAX)
		return false;
	return write_user(buffer->data + buffer->count, scratch->event, length);
}

/* ends_line: whether the bytes in use end with a complete line. */
static __always_inline bool ends_line(const struct send_buffer *buffer)
{
	u8 end[2] = {};

	return buffer->count >= sizeof(end) &&
	       !bpf_probe_read_user(end, sizeof(end), (void *)(buffer->data + buffer->count - sizeof(end))) && end[0] == '\r' &&
	       end[1] == '\n';
}

static __always_inline enum propagation add_line(struct scratch *scratch, const struct outgoing *request, u64 tgid,
						 const struct send_buffer *buffer)
{
	build_line(scratch, request, tgid);
	if (!has_room(scratch, buffer))
		return PROPAGATION_NO_ROOM;
	if (!write_count(buffer, buffer->count) || !write_built(scratch, buffer) ||
	    !write_count(buffer, buffer->count + scratch->length))
		return PROPAGATION_REFUSED;
	return PROPAGATION_WRITTEN;
}

/* write_line adds lines to the header block of HTTP/1.1 that a buffer ends with. */
static __always_inline enum propagation write_line(const struct outgoing *request, u64 tgid, const struct send_buffer *buffer)
{
	enum propagation outcome;
	struct scratch *scratch;

	if (!ends_line(buffer))
		return PROPAGATION_MISMATCH;
	scratch = take_scratch();
	if (!scratch)
		return PROPAGATION_STATE_FULL;
	outcome = add_line(scratch, request, tgid, buffer);
	give_scratch(scratch);
	return outcome;
}

/* is_whole_block: a HEADERS frame with all of a header block, and nothing around it. */
static __always_inline bool is_whole_block(const struct frame_header *frame, u32 stream_id)
{
	return frame->type == FRAME_HEADERS && (frame->flags & ~FLAG_END_STREAM) == FLAG_END_HEADERS && frame_stream(frame) == stream_id;
}

static __always_inline bool write_frame_length(u64 frame, u32 length)
{
	u8 bytes[3] = {length >> 16, length >> 8, length};

	return write_user(frame, bytes, sizeof(bytes));
}

/* add_field: a HEADERS frame of a length stands at an address, up to the end of the bytes in use. */
static __always_inline enum propagation add_field(struct scratch *scratch, const struct outgoing *request, u64 tgid,
						  const struct send_buffer *buffer, u64 frame, u32 length)
{
	build_field(scratch, request, tgid);
	if (!has_room(scratch, buffer) || length + scratch->length > FRAME_MAX)
		return PROPAGATION_NO_ROOM;
	if (!write_count(buffer, buffer->count) || !write_frame_length(frame, length) || !write_built(scratch, buffer) ||
	    !write_frame_length(frame, length + scratch->length))
		return PROPAGATION_REFUSED;
	if (!write_count(buffer, buffer->count + scratch->length)) {
		write_frame_length(frame, length);
		return PROPAGATION_REFUSED;
	}
	return PROPAGATION_WRITTEN;
}

/*
 * write_field adds fields to the HEADERS frame of a stream that was put into a buffer at a position, and nothing behind
 * it.
 */
static __always_inline enum propagation write_field(const struct outgoing *request, u64 tgid, const struct send_buffer *buffer,
						    u64 position, u32 stream_id)
{
	struct frame_header frame = {};
	enum propagation outcome;
	struct scratch *scratch;

	if (buffer->count < FRAME_HEADER || position > buffer->count - FRAME_HEADER)
		return PROPAGATION_NO_ROOM; /* the frame did not stay in the buffer */
	if (bpf_probe_read_user(&frame, sizeof(frame), (void *)(buffer->data + position)))
		return PROPAGATION_UNREADABLE;
	if (!is_whole_block(&frame, stream_id) || position + FRAME_HEADER + frame_length(&frame) != buffer->count)
		return PROPAGATION_MISMATCH;
	scratch = take_scratch();
	if (!scratch)
		return PROPAGATION_STATE_FULL;
	outcome = add_field(scratch, request, tgid, buffer, buffer->data + position, frame_length(&frame));
	give_scratch(scratch);
	return outcome;
}

#endif
