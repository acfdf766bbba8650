// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//go:build ignore

/*
 * google.golang.org/grpc: one span per call that reaches a server's handler, one per call of a client, whatever
 * the number of its attempts and messages.
 */
#include "include/arm.h"
#include "include/detached.h"
#include "include/incoming.h"
#include "include/object.h"
#include "include/preemption.h"
#include "include/span.h"
#include "include/tracestate.h"
#include "include/write.h"

/* Kept equal to the operations in internal/instrument/grpc/grpc.go and, for HTTP, in bpf/nethttp.bpf.c. */
#define OPERATION_HTTP_SERVER 1
#define OPERATION_GRPC_SERVER 3
#define OPERATION_GRPC_CLIENT 4

#define CODE_CANCELLED 1 /* of codes.Code */

#define METHOD_MAX 512
#define NAME_MAX 256
#define VALUE_MAX 512
#define MESSAGE_MAX 1024

/* The addresses of a function, at link time. */
struct code_range {
	u64 start;
	u64 end;
};

/* Kept equal to layout in internal/instrument/grpc/layout.go. */
struct grpc_layout {
	/* Types by the link-time addresses of their descriptors; 0: not in the binary. */
	u64 type_value_context; /* *context.valueCtx */
	u64 type_incoming_key;	/* metadata.mdIncomingKey */
	u64 type_outgoing_key;	/* metadata.mdOutgoingKey */
	u64 type_http2_server;	/* *transport.http2Server */
	u64 type_handler_server; /* *transport.serverHandlerTransport */
	u64 type_http2_client;	/* *transport.http2Client */
	u64 type_tcp_address;	/* *net.TCPAddr */
	u64 type_unix_address;	/* *net.UnixAddr */
	u64 type_status_error;	/* *internal/status.Error */
	u64 type_wrapped_error; /* *fmt.wrapError */
	u64 type_error_string;	/* *errors.errorString */
	/* Which code writes a status: that of methods nobody has registered, and that of failed messages. */
	struct code_range unknown_method[2];
	struct code_range message_failure[2];
	u16 value_context_key; /* context.valueCtx */
	u16 value_context_value;
	u16 server_stream_embedded; /* ServerStream's pointer to its Stream; MISSING: the stream is the struct itself */
	u16 stream_context;	    /* transport.Stream */
	u16 stream_method;
	u16 stream_state;
	u16 http2_server_remote; /* transport.http2Server: the peer's net.Addr */
	u16 handler_request;	 /* transport.serverHandlerTransport */
	u16 handler_closed;
	u16 channel_closed; /* runtime.hchan */
	u16 request_remote;	 /* net/http.Request */
	u16 http2_client_remote; /* transport.http2Client */
	u16 tcp_ip;		 /* net.TCPAddr */
	u16 tcp_port;
	u16 unix_name;	    /* net.UnixAddr */
	u16 status_proto;   /* internal/status.Status */
	u16 proto_code;	    /* googleapis/rpc/status.Status */
	u16 proto_message;
	u16 error_status;    /* internal/status.Error */
	u16 wrapped_error;   /* fmt.wrapError */
	u16 channel_target;  /* grpc.ClientConn */
	u16 client_channel;  /* grpc.clientStream */
	u16 client_description;
	u16 client_finished;
	u16 client_attempt;
	u16 attempt_transport; /* grpc.csAttempt */
	u16 server_workers;    /* grpc.Server */
	u16 raw_metadata;      /* metadata.rawMD */
	u16 field_name;	       /* hpack.HeaderField */
	u16 field_size;
	u16 loopy_framer;	/* transport.loopyWriter */
	u16 framer_writer;	/* transport.framer */
	u16 writer_bytes;	/* transport.bufWriter: the buffer, up to 1.83 */
	u16 writer_handle;	/* or a pointer to it, from 1.84 on */
	u16 writer_offset;
	u16 writer_batch;
	u16 writer_error;
	u16 writer_conn;
	u16 stream_id;	       /* transport.Stream */
	u16 http2_server_connection; /* transport.http2Server: its net.Conn */
	/* Bytes that hold the fields which are read at once. */
	u16 stream_size; /* transport.Stream: context, method, id */
	u16 tcp_size;	 /* net.TCPAddr */
	u16 proto_size;	 /* googleapis/rpc/status.Status */
	u16 client_size; /* grpc.clientStream: channel, description, finished, attempt */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct grpc_layout);
} grpc_layouts SEC(".maps");

/* Who is at the other end of the connection: an IP address, or else what PEER has as text. */
struct peer {
	u8 ip[16];
	u16 port;
	u8 ip_length; /* 4, 16, or 0 */
	u8 padding[5];
};

/* The strings behind a server's start event, in this order, each with its length in the event. */
enum server_string {
	SERVER_METHOD,
	SERVER_AUTHORITY,
	SERVER_TRACESTATE,
	SERVER_PEER,
	SERVER_STRINGS,
};

/* Kept equal to decodeServerStart in internal/instrument/grpc. */
struct server_start {
	struct start_event start;
	struct peer peer;
	u16 lengths[SERVER_STRINGS];
};

struct server_end {
	struct end_event end;
	u32 code;
	u8 has_status;
	u8 unknown_method;
	u16 message_length;
};

enum client_string {
	CLIENT_METHOD,
	CLIENT_TARGET,
	CLIENT_STRINGS,
};

struct client_start {
	struct start_event start;
	u8 padding[4];
	u16 lengths[CLIENT_STRINGS];
};

enum client_end_string {
	CLIENT_END_MESSAGE,
	CLIENT_END_PEER,
	CLIENT_END_STRINGS,
};

struct client_end {
	struct end_event end;
	struct peer peer;
	u32 code;
	u8 has_status;
	u8 padding[7];
	u16 lengths[CLIENT_END_STRINGS];
};

static __always_inline struct grpc_layout *grpc_layout(u32 binary)
{
	return bpf_map_lookup_elem(&grpc_layouts, &binary);
}

/* is_type: the dynamic type of an interface with methods is the one at a link-time address. */
static __always_inline bool is_type(struct go_interface value, const struct site *site, u64 type)
{
	return type && itab_type(site, value.type) == type + site->bias;
}

static __always_inline bool within(const struct code_range *range, u64 address)
{
	return address - range->start < range->end - range->start;
}

/* A *status.Status, or what an error says instead. */
struct outcome_status {
	struct go_string message;
	u64 error_type; /* link-time address, 0: not known */
	u32 code;
	bool known;
	bool is_error; /* one that is no status */
};

static __always_inline void read_status(struct scratch *scratch, const struct grpc_layout *layout, u64 address, struct outcome_status *status)
{
	u64 proto;

	if (layout->status_proto == MISSING || layout->proto_code == MISSING || layout->proto_message == MISSING)
		return;
	status->known = true;
	/* A nil *Status, and one without a message, are OK: internal/status.(*Status).Code. */
	proto = address ? read_word(address + layout->status_proto) : 0;
	if (!proto || !read_object(scratch, proto, layout->proto_size))
		return;
	status->code = object_word(scratch, layout->proto_code);
	status->message = object_string(scratch, layout->proto_message);
}

/*
 * is_end_of_file: io.EOF, which is how a stream says that it ended well. Its text is a constant on a page that may not
 * be there; then its length has to do.
 */
static __always_inline bool is_end_of_file(u64 error)
{
	struct go_string text = read_string(error);
	u8 bytes[4] = {};

	if (text.length != 3)
		return false;
	if (bpf_probe_read_user(bytes, 3, (void *)text.data))
		return true;
	return bytes[0] == 'E' && bytes[1] == 'O' && bytes[2] == 'F';
}

static __always_inline void note_error(const struct site *site, struct go_interface error, struct outcome_status *status)
{
	status->is_error = true;
	status->error_type = link_time_type(site, error.type);
}

static __always_inline void read_error(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
				       struct go_interface error, struct outcome_status *status)
{
	if (!error.type) {
		status->known = true;
		return;
	}
	/* An exhausted retry wraps the last status: grpc.(*csAttempt).shouldRetry. */
	if (layout->wrapped_error != MISSING && is_type(error, site, layout->type_wrapped_error))
		error = read_interface(error.data + layout->wrapped_error);
	if (layout->error_status != MISSING && is_type(error, site, layout->type_status_error))
		read_status(scratch, layout, read_word(error.data + layout->error_status), status);
	else if (is_type(error, site, layout->type_error_string) && is_end_of_file(error.data))
		status->known = true;
	else
		note_error(site, error, status);
}

/* read_peer takes a net.Addr apart; what is not an IP address is left to *text. */
static __always_inline void read_peer(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
				      struct go_interface address, struct peer *peer, struct go_string *text)
{
	if (layout->tcp_ip != MISSING && layout->tcp_port != MISSING && is_type(address, site, layout->type_tcp_address)) {
		if (!read_object(scratch, address.data, layout->tcp_size))
			return;

		struct go_string ip = object_string(scratch, layout->tcp_ip); /* a slice begins as a string does */

		if (ip.length == 4 && !bpf_probe_read_user(peer->ip, 4, (void *)ip.data))
			peer->ip_length = 4;
		else if (ip.length == 16 && !bpf_probe_read_user(peer->ip, 16, (void *)ip.data))
			peer->ip_length = 16;
		peer->port = object_word(scratch, layout->tcp_port);
	} else if (layout->unix_name != MISSING && is_type(address, site, layout->type_unix_address)) {
		*text = read_string(address.data + layout->unix_name);
	}
}

static __always_inline void read_server_peer(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
					     struct go_interface transport, struct peer *peer, struct go_string *text)
{
	if (layout->http2_server_remote != MISSING && is_type(transport, site, layout->type_http2_server)) {
		read_peer(scratch, layout, site, read_interface(transport.data + layout->http2_server_remote), peer, text);
	} else if (layout->handler_request != MISSING && layout->request_remote != MISSING &&
		   is_type(transport, site, layout->type_handler_server)) {
		u64 request = read_word(transport.data + layout->handler_request);

		*text = read_string(request + layout->request_remote);
	}
}

static long next_value(void *map, const void *round, void *value, struct context_walk *walk)
{
	struct grpc_layout *layout = grpc_layout(walk->site.binary);
	u64 type = walk->at.data == walk->until ? 0 : itab_type(&walk->site, walk->at.type);

	if (!layout || !type)
		return LAST_ROUND;
	if (type - walk->site.bias == layout->type_value_context &&
	    read_word(walk->at.data + layout->value_context_key) == walk->key_type) {
		/* A map is its own pointer: the data word of the interface value. */
		walk->value = read_word(walk->at.data + layout->value_context_value + sizeof(u64));
		return LAST_ROUND;
	}
	return to_outer_context(walk, type) ? NEXT_ROUND : LAST_ROUND;
}

/*
 * find_metadata: what the chain of a call's context has under a key of package metadata, by the type of the key: a
 * metadata.MD under that of what came in, a pointer to a metadata.rawMD under that of what goes out. until is the data
 * word of a context of the chain that it is not looked for in, nor behind it; 0: there is none.
 */
static __always_inline u64 find_metadata(const struct grpc_layout *layout, const struct site *site, struct go_interface context,
					 u64 key_type, u64 until)
{
	struct context_walk walk = {.site = *site, .at = context, .key_type = key_type + site->bias, .until = until};

	if (!layout->type_value_context || !key_type || !context.data || layout->value_context_key == MISSING ||
	    layout->value_context_value == MISSING)
		return 0;
	bpf_for_each_map_elem(&context_rounds, next_value, &walk, 0);
	return walk.value;
}

/* server_stream: the transport.Stream of a call, from what handleStream and WriteStatus are given. */
static __always_inline u64 server_stream(const struct grpc_layout *layout, u64 stream)
{
	return layout->server_stream_embedded == MISSING ? stream : read_word(stream + layout->server_stream_embedded);
}

/* span_of_context: the open span whose work is given a context, wherever it runs. */
static __always_inline struct open_span *span_of_context(struct scratch *scratch, struct go_interface context, const struct site *site, u64 tgid, u8 operation)
{
	struct parent *named = forget_parent(&scratch->named);
	struct goroutine_key owner = {.tgid = tgid};

	if (!parent_by_context(context, tgid, site, named))
		return NULL;
	owner.goid = named->goid;

	struct goroutine *goroutine = find_goroutine(&owner);

	if (!goroutine)
		return NULL;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *span = &goroutine->spans[i];

		if (i < goroutine->count && span->operation == operation && span->context.span_id == named->context.span_id)
			return span;
	}
	return NULL;
}

static __always_inline bool send_server_start(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
					      const struct open_span *span, const struct parent *parent, struct go_interface transport,
					      u64 tgid)
{
	struct server_start *event = (void *)begin_start(scratch, span, parent, tgid, site, sizeof(*event));
	struct go_string peer = {};

	event->start.parent_is_remote = parent->known;
	event->lengths[SERVER_METHOD] = append_string(scratch, object_string(scratch, layout->stream_method), METHOD_MAX);
	event->lengths[SERVER_AUTHORITY] = append_string(scratch, first_value(scratch, HEADER_AUTHORITY), NAME_MAX);
	event->lengths[SERVER_TRACESTATE] = append_string(scratch, first_value(scratch, HEADER_TRACESTATE), VALUE_MAX);
	read_server_peer(scratch, layout, site, transport, &event->peer, &peer);
	event->lengths[SERVER_PEER] = append_string(scratch, peer, NAME_MAX);
	return send_event(scratch);
}

/*
 * join_call: what serverHandlerTransport serves is a request of net/http, which has looked for its client already.
 */
static __always_inline void join_call(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site, struct go_interface transport,
				      struct parent *parent)
{
	u32 stream_id = object_word(scratch, layout->stream_id);

	if (layout->http2_server_connection == MISSING || !is_type(transport, site, layout->type_http2_server))
		return;
	if (stream_id)
		join_client(scratch, site, read_interface(transport.data + layout->http2_server_connection), stream_id, parent);
}

/* start_server opens the span of a call. server is the *grpc.Server, object what handleStream has for the stream. */
static __always_inline void start_server(struct registers *ctx, const struct opening *opening, const struct grpc_layout *layout, u64 server,
					 struct go_interface transport, u64 object)
{
	u64 stream = server_stream(layout, object);
	struct scratch *scratch = opening->scratch;
	const struct site *site = &opening->site;
	struct goroutine_key key = opening->key;
	struct open_span *outer = NULL;
	struct parent *parent = forget_parent(&scratch->parent);

	if (!read_object(scratch, stream, layout->stream_size)) {
		count_loss(LOSS_UNREADABLE);
		return;
	}

	struct goroutine *goroutine = add_goroutine(&key, true);

	if (!goroutine)
		return;

	struct open_span *span = open_span(scratch, goroutine, key.tgid, site, frame_depth(ctx, opening->running.stack_hi));

	if (!span) {
		close_goroutine(goroutine, &key);
		return;
	}

	struct go_interface context = object_interface(scratch, layout->stream_context);

	find_incoming_headers(scratch, find_metadata(layout, site, context, layout->type_incoming_key, 0), opening->runtime->map_kind);
	read_parent(scratch, parent);
	if (wants_join(scratch, parent))
		join_call(scratch, layout, site, transport, parent);
	parent->sampler = sampler_of(target_settings(scratch));
	join_trace(span, parent);
	/*
	 * What ServeHTTP serves has a span already, that of the HTTP request. It is the same call: this span takes its
	 * place, under its identifiers, which the handlers around ServeHTTP may have given away.
	 */
	if (is_type(transport, site, layout->type_handler_server))
		outer = span_of_context(scratch, context, site, key.tgid, OPERATION_HTTP_SERVER);
	if (outer) {
		span->context = outer->context;
		span->sampled = outer->sampled;
		parent->context.span_id = outer->parent_id;
		parent->known = outer->parent_id != 0;
	}
	if (parent->known && target_settings(scratch) & PROPAGATE)
		span->has_tracestate = keep_tracestate(scratch, span, key.tgid);
	span->operation = OPERATION_GRPC_SERVER;
	span->object = object;
	/* A call has a goroutine of its own, unless the server has workers: grpc.NumStreamWorkers. */
	serve(site, opening->runtime, &opening->running, goroutine, span,
	      layout->server_workers != MISSING && !(u32)read_word(server + layout->server_workers));
	goroutine->count++;
	remember_context(span, context, &key);
	if (span->sampled)
		span->silent = !send_server_start(scratch, layout, site, span, parent, transport, key.tgid);
	if (outer && !span->silent)
		outer->silent = true;
}

static __noinline int on_server_start(struct registers *ctx)
{
	struct go_interface transport = {.type = argument_1(ctx), .data = argument_2(ctx)};
	struct grpc_layout *layout;
	struct opening opening;

	if (!begin_opening(ctx, &opening))
		return 0;
	layout = grpc_layout(opening.site.binary);
	if (layout)
		start_server(ctx, &opening, layout, argument_0(ctx), transport, argument_3(ctx));
	give_scratch(opening.scratch);
	return 0;
}

/*
 * func (s *Server) handleStream(t transport.ServerTransport, stream *transport.ServerStream, …), on the goroutine
 * that the handler then runs on.
 */
SEC("uprobe")
int grpc_server_start(struct registers *ctx)
{
	hold_cpu();
	on_server_start(ctx);
	release_cpu();
	return 0;
}

/* find_call: the place of the open span of a call among those of a goroutine, OPEN_SPANS_MAX when there is none. */
static __always_inline u32 find_call(const struct goroutine *goroutine, u64 stream)
{
	u32 place = OPEN_SPANS_MAX;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		if (i < goroutine->count && goroutine->spans[i].operation == OPERATION_GRPC_SERVER && goroutine->spans[i].object == stream)
			place = i;
	return place;
}

/*
 * note_failure keeps the status that a message's failure has sent. The client gets it, whatever the handler, which
 * goes on, returns in the end. It can come from any goroutine of the handler.
 */
static __always_inline void note_failure(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site, u64 object, u64 tgid, u32 code)
{
	u64 stream = server_stream(layout, object);

	if (!stream)
		return;

	struct open_span *span =
		span_of_context(scratch, read_interface(stream + layout->stream_context), site, tgid, OPERATION_GRPC_SERVER);

	if (span && span->object == object && !span->check)
		span->check = code;
}

/* The transports of a server. A site's variant says which one. */
enum server_transport {
	SERVER_TRANSPORT_HTTP2,	  /* transport.http2Server */
	SERVER_TRANSPORT_HANDLER, /* transport.serverHandlerTransport */
};

/*
 * is_over: a stream that its client has cancelled, or whose connection is gone. A status that is written then is
 * dropped.
 */
static __always_inline bool is_over(const struct grpc_layout *layout, u32 variant, u64 transport, u64 object)
{
	const u32 stream_done = 3; /* transport.streamState */

	if (variant == SERVER_TRANSPORT_HANDLER) {
		if (layout->handler_closed == MISSING || layout->channel_closed == MISSING)
			return false;
		return (u32)read_word(read_word(transport + layout->handler_closed) + layout->channel_closed) != 0;
	}

	u64 stream = server_stream(layout, object);

	return stream && layout->stream_state != MISSING && (u32)read_word(stream + layout->stream_state) == stream_done;
}

/* finish_call emits the end of a server's span, and closes it. */
static __always_inline void finish_call(struct scratch *scratch, struct goroutine *goroutine, const struct goroutine_key *key,
					const struct site *site, struct open_span *span, const struct outcome_status *status,
					enum outcome outcome, bool unknown_method)
{
	forget_context(span, key->tgid);
	forget_tracestate(span, key->tgid);
	if (span->sampled && !span->silent) {
		struct server_end *event = (void *)begin_end(scratch, span, key->tgid, site, sizeof(*event));

		if (event->end.outcome == OUTCOME_RETURNED)
			event->end.outcome = outcome;
		event->end.has_error = status->is_error;
		event->end.error_type = status->error_type;
		event->unknown_method = unknown_method;
		if (span->check && span->check != status->code) {
			event->code = span->check;
			event->has_status = true;
		} else {
			event->code = status->code;
			event->has_status = status->known;
			event->message_length = append_string(scratch, status->message, MESSAGE_MAX);
		}
		send_event(scratch);
	}
	goroutine->count--;
	close_goroutine(goroutine, key);
}

static __noinline int on_server_end(struct registers *ctx)
{
	u64 stream = argument_1(ctx), status_address = argument_2(ctx);
	struct outcome_status status = {};
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	bool unknown_method = false;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;

	struct goroutine *goroutine = find_goroutine(&key);
	u32 place = goroutine ? find_call(goroutine, stream) : OPEN_SPANS_MAX;
	u64 caller = return_address(ctx) - site.bias;
	bool failed_message = within(&layout->message_failure[0], caller) || within(&layout->message_failure[1], caller);
	struct scratch *scratch = take_scratch();

	if (!scratch)
		return 0;

	/* The status of a call that is not sampled is of no interest. */
	bool sampled = place >= OPEN_SPANS_MAX || goroutine->spans[place].sampled;

	if (sampled)
		read_status(scratch, layout, status_address, &status);
	if (failed_message && (status.code || !sampled)) {
		if (sampled)
			note_failure(scratch, layout, &site, stream, key.tgid, status.code);
		goto out;
	}
	if (!goroutine || place >= OPEN_SPANS_MAX)
		goto out;
	if (status.code)
		unknown_method = within(&layout->unknown_method[0], caller) || within(&layout->unknown_method[1], caller);
	else if (status.known && is_over(layout, site.variant, argument_0(ctx), stream))
		status.code = CODE_CANCELLED;

	struct open_span *span = find_open(scratch, goroutine, key.tgid, &site, OPERATION_GRPC_SERVER);

	if (span)
		finish_call(scratch, goroutine, &key, &site, span, &status, OUTCOME_RETURNED, unknown_method);
out:
	give_scratch(scratch);
	return 0;
}

/*
 * func (t *transport.http2Server) writeStatus(s *ServerStream, st *status.Status) error
 * func (ht *transport.serverHandlerTransport) writeStatus(s *ServerStream, st *status.Status) error
 */
SEC("uprobe")
int grpc_server_end(struct registers *ctx)
{
	hold_cpu();
	on_server_end(ctx);
	release_cpu();
	return 0;
}

/* end_on_goroutine ends the call that the running goroutine serves, if it does serve one. */
static __always_inline void end_on_goroutine(struct registers *ctx, const struct site *site, const struct outcome_status *status,
					     enum outcome outcome)
{
	struct runtime_layout *runtime = runtime_layout(site->binary);
	struct goroutine_key key;

	if (!runtime || !read_goroutine_key(ctx, runtime, &key))
		return;

	struct goroutine *goroutine = find_goroutine(&key);

	if (!goroutine)
		return;

	struct scratch *scratch = take_scratch();

	if (!scratch)
		return;

	struct open_span *span = find_open(scratch, goroutine, key.tgid, site, OPERATION_GRPC_SERVER);

	if (span)
		finish_call(scratch, goroutine, &key, site, span, status, outcome, false);
	give_scratch(scratch);
}

static __noinline int on_server_unanswered(struct registers *ctx)
{
	struct go_interface error = {.type = argument_0(ctx), .data = argument_1(ctx)};
	struct outcome_status status = {};
	struct grpc_layout *layout;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	layout = grpc_layout(site.binary);
	if (!layout || !error.type)
		return 0;
	/* A status will be written. */
	if (is_type(error, &site, layout->type_status_error))
		return 0;
	note_error(&site, error, &status);
	end_on_goroutine(ctx, &site, &status, OUTCOME_RETURNED);
	return 0;
}

/*
 * grpc.(*Server).processUnaryRPC, where sendResponse has failed: when the connection is gone, nobody writes a status.
 */
SEC("uprobe")
int grpc_server_unanswered(struct registers *ctx)
{
	hold_cpu();
	on_server_unanswered(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_server_exit(struct registers *ctx)
{
	const struct outcome_status none = {};
	struct site site;

	if (read_site(ctx, &site))
		end_on_goroutine(ctx, &site, &none, OUTCOME_GOEXIT);
	return 0;
}

/* func runtime.Goexit(), which a handler does not return from. */
SEC("uprobe")
int grpc_server_exit(struct registers *ctx)
{
	hold_cpu();
	on_server_exit(ctx);
	release_cpu();
	return 0;
}

static __always_inline bool send_client_start(struct scratch *scratch, const struct grpc_layout *layout, const struct open_span *span,
					      const struct parent *parent, struct go_string method, u64 tgid, const struct site *site)
{
	struct client_start *event = (void *)begin_start(scratch, span, parent, tgid, site, sizeof(*event));
	struct go_string target = {};

	if (layout->channel_target != MISSING)
		target = read_string(span->object + layout->channel_target);
	event->lengths[CLIENT_METHOD] = append_string(scratch, method, METHOD_MAX);
	event->lengths[CLIENT_TARGET] = append_string(scratch, target, NAME_MAX);
	return send_event(scratch);
}

/*
 * follow_metadata makes a call's span a part of the trace that the program names in the metadata of the call's context.
 * What goes out is named by the handler of what came in, and not around it. What the program adds later is found among the header fields: on_client_headers.
 */
static __always_inline void follow_metadata(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
					    struct go_interface context, struct open_span *span, struct parent *parent, u16 map_kind)
{
	u64 raw = find_metadata(layout, site, context, layout->type_outgoing_key, parent->at);

	if (!raw || layout->raw_metadata == MISSING)
		return;
	find_headers(scratch, read_word(raw + layout->raw_metadata), map_kind, LENGTHS_TRACECONTEXT);
	follow_traceparent(scratch, span, parent);
}

static __always_inline void start_client(struct registers *ctx, const struct opening *opening, const struct grpc_layout *layout,
					 struct go_string method)
{
	struct go_interface context = {.type = argument_0(ctx), .data = argument_1(ctx)};
	struct scratch *scratch = opening->scratch;
	struct parent *parent = forget_parent(&scratch->parent);
	struct open_span *span = open_child(ctx, opening, context, parent);

	if (!span)
		return;
	span->operation = OPERATION_GRPC_CLIENT;
	span->object = argument_3(ctx);
	span->request = argument_2(ctx);
	if (target_settings(scratch) & PROPAGATE)
		follow_metadata(scratch, layout, &opening->site, context, span, parent, opening->runtime->map_kind);
	if (span->sampled)
		span->silent = !send_client_start(scratch, layout, span, parent, method, opening->key.tgid, &opening->site);
}

static __noinline int on_client_start(struct registers *ctx)
{
	struct go_string method = {.data = argument_4(ctx), .length = argument_5(ctx)};
	struct grpc_layout *layout;
	struct opening opening;

	if (!begin_opening(ctx, &opening))
		return 0;
	layout = grpc_layout(opening.site.binary);
	if (layout)
		start_client(ctx, &opening, layout, method);
	give_scratch(opening.scratch);
	return 0;
}

/*
 * func grpc.newClientStream(ctx context.Context, desc *StreamDesc, cc *ClientConn, method string, opts ...CallOption)
 * (ClientStream, error), which unary calls pass, too. Interceptors are outside of it, attempts inside.
 */
SEC("uprobe")
int grpc_client_start(struct registers *ctx)
{
	hold_cpu();
	on_client_start(ctx);
	release_cpu();
	return 0;
}

/* is_stream_of: a *clientStream belongs to the channel and the description that a span began with. */
static __always_inline bool is_stream_of(const struct grpc_layout *layout, const struct open_span *span, u64 stream)
{
	return read_word(stream + layout->client_channel) == span->object &&
	       read_word(stream + layout->client_description) == span->request;
}

#define CAPTURED_MAX 8 /* words of a closure behind its code */

static __noinline int on_client_detach(struct registers *ctx)
{
	u64 closure = argument_0(ctx), stream = 0;
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;

	struct goroutine *goroutine = find_goroutine(&key);

	if (!goroutine)
		return 0;

	struct scratch *scratch = take_scratch();

	if (!scratch)
		return 0;

	struct open_span *span = find_open(scratch, goroutine, key.tgid, &site, OPERATION_GRPC_CLIENT);

	if (!span)
		goto out;
	for (u32 i = 1; i <= CAPTURED_MAX && !stream; i++) {
		u64 word = read_word(closure + i * sizeof(u64));

		if (word && is_stream_of(layout, span, word))
			stream = word;
	}
	if (!stream)
		count_loss(LOSS_UNREADABLE);
	else if (detach_span(goroutine, key.tgid, stream))
		close_goroutine(goroutine, &key);
out:
	give_scratch(scratch);
	return 0;
}

/*
 * grpc.newClientStreamWithParams, at its call of func runtime.newproc(fn *funcval), which only streams come to. The
 * goroutine that it starts watches over the stream; from here on the stream is what its user does with it.
 */
SEC("uprobe")
int grpc_client_detach(struct registers *ctx)
{
	hold_cpu();
	on_client_detach(ctx);
	release_cpu();
	return 0;
}

static __always_inline void send_client_end(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
					    const struct open_span *span, u64 attempt, const struct outcome_status *status, u64 tgid)
{
	struct client_end *event = (void *)begin_end(scratch, span, tgid, site, sizeof(*event));
	struct go_string peer = {};

	event->end.has_error = status->is_error;
	event->end.error_type = status->error_type;
	event->code = status->code;
	event->has_status = status->known;
	if (attempt && layout->attempt_transport != MISSING && layout->http2_client_remote != MISSING) {
		struct go_interface transport = read_interface(attempt + layout->attempt_transport);

		if (is_type(transport, site, layout->type_http2_client))
			read_peer(scratch, layout, site, read_interface(transport.data + layout->http2_client_remote), &event->peer, &peer);
	}
	event->lengths[CLIENT_END_MESSAGE] = append_string(scratch, status->message, MESSAGE_MAX);
	event->lengths[CLIENT_END_PEER] = append_string(scratch, peer, NAME_MAX);
	send_event(scratch);
}

/*
 * finish_innermost ends the innermost span, a client's. The one around it learns how deep it was, which tells a later
 * failure in the same call from one of its own: see on_client_failure.
 */
static __always_inline void finish_innermost(struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
					     struct goroutine *goroutine, const struct goroutine_key *key, u64 attempt,
					     const struct outcome_status *status)
{
	struct open_span *span = innermost_span(goroutine);

	if (!span)
		return;

	u32 depth = span->depth;

	forget_join(span->context.span_id);
	if (span->sampled && !span->silent)
		send_client_end(scratch, layout, site, span, attempt, status, key->tgid);
	goroutine->count--;
	span = innermost_span(goroutine);
	if (span && span->operation == OPERATION_GRPC_CLIENT)
		span->check = depth;
	close_goroutine(goroutine, key);
}

/* What is read of a *clientStream. */
struct client_stream {
	u64 channel;
	u64 description;
	u64 attempt; /* *csAttempt */
	bool finished;
};

static __always_inline bool read_client_stream(struct scratch *scratch, const struct grpc_layout *layout, u64 address, struct client_stream *stream)
{
	if (!read_object(scratch, address, layout->client_size))
		return false;
	stream->channel = object_word(scratch, layout->client_channel);
	stream->description = object_word(scratch, layout->client_description);
	stream->attempt = object_word(scratch, layout->client_attempt);
	stream->finished = (u8)object_word(scratch, layout->client_finished);
	return true;
}

/* find_client: the place of the innermost span of a *clientStream's call, OPEN_SPANS_MAX when there is none. */
static __always_inline u32 find_client(const struct goroutine *goroutine, const struct client_stream *stream)
{
	u32 place = OPEN_SPANS_MAX;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		const struct open_span *span = &goroutine->spans[i];

		if (i < goroutine->count && span->operation == OPERATION_GRPC_CLIENT && span->object == stream->channel &&
		    span->request == stream->description)
			place = i;
	}
	return place;
}

static __always_inline void end_client(struct registers *ctx, struct scratch *scratch, const struct grpc_layout *layout, const struct site *site,
				       const struct goroutine_key *key)
{
	struct go_interface error = {.type = argument_1(ctx), .data = argument_2(ctx)};
	struct outcome_status status = {};
	struct open_span detached = {};
	struct client_stream stream;

	if (!read_client_stream(scratch, layout, argument_0(ctx), &stream)) {
		count_loss(LOSS_UNREADABLE);
		return;
	}
	/* The watching goroutine of a stream finishes it once more, when its context is cancelled. */
	if (stream.finished)
		return;
	if (take_detached(key->tgid, argument_0(ctx), &detached)) {
		forget_join(detached.context.span_id);
		if (!detached.sampled || detached.silent)
			return;
		read_error(scratch, layout, site, error, &status);
		send_client_end(scratch, layout, site, &detached, stream.attempt, &status, key->tgid);
		return;
	}

	struct goroutine *goroutine = find_goroutine(key);
	u32 place = goroutine ? find_client(goroutine, &stream) : OPEN_SPANS_MAX;

	if (!goroutine || place >= OPEN_SPANS_MAX)
		return;
	for (u32 i = 0; i < OPEN_SPANS_MAX && goroutine->count > place + 1; i++)
		drop_span(scratch, goroutine, key->tgid, site);
	read_error(scratch, layout, site, error, &status);
	finish_innermost(scratch, layout, site, goroutine, key, stream.attempt, &status);
}

static __noinline int on_client_end(struct registers *ctx)
{
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	struct scratch *scratch;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;
	find_target(&site); /* for what is known of its types: a span that is open ends in any case */
	scratch = take_scratch();
	if (!scratch)
		return 0;
	end_client(ctx, scratch, layout, &site, &key);
	give_scratch(scratch);
	return 0;
}

/* func (cs *grpc.clientStream) finish(err error) */
SEC("uprobe")
int grpc_client_end(struct registers *ctx)
{
	hold_cpu();
	on_client_end(ctx);
	release_cpu();
	return 0;
}

/* Where a call fails before it has a stream. A site's variant says which one. */
enum client_failure {
	CLIENT_FAILURE_RETURN,	     /* newClientStream returns an error */
	CLIENT_FAILURE_INNER_RETURN, /* newClientStreamWithParams, which it calls, does */
	CLIENT_FAILURE_CALL,	     /* the error is handed to a function, by a closure of newClientStream */
};

static __noinline int on_client_failure(struct registers *ctx)
{
	struct go_interface argument = {.type = argument_0(ctx), .data = argument_1(ctx)};
	struct go_interface error = {.type = argument_2(ctx), .data = argument_3(ctx)};
	struct outcome_status status = {};
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	/* The barrier keeps the compiler from choosing between places in *ctx, which the verifier would refuse. */
	asm volatile("" : "+r"(argument.type), "+r"(argument.data), "+r"(error.type), "+r"(error.data));
	if (site.variant == CLIENT_FAILURE_CALL)
		error = argument;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!error.type || !runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;

	struct goroutine *goroutine = find_goroutine(&key);

	if (!goroutine)
		return 0;

	u32 depth = frame_depth(ctx, read_stack_hi(ctx, runtime));
	struct scratch *scratch = take_scratch();

	if (!scratch)
		return 0;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *inner = innermost_span(goroutine);

		if (!inner || inner->depth <= depth)
			break;
		drop_span(scratch, goroutine, key.tgid, &site);
	}

	struct open_span *span = innermost_span(goroutine);

	if (!span || span->operation != OPERATION_GRPC_CLIENT)
		goto out;
	/*
	 * The stream may have finished the span already. Then what is innermost is that of a call around this one, in
	 * whose credentials or balancer it is made: it is not at this depth, or has seen a span end that stood between.
	 */
	if (site.variant == CLIENT_FAILURE_RETURN ? span->depth != depth : span->check && span->check < depth)
		goto out;
	read_error(scratch, layout, &site, error, &status);
	finish_innermost(scratch, layout, &site, goroutine, &key, 0, &status);
out:
	give_scratch(scratch);
	return 0;
}

/* grpc.newClientStream and what it calls, where an error is on its way to the caller. */
SEC("uprobe")
int grpc_client_failure(struct registers *ctx)
{
	hold_cpu();
	on_client_failure(ctx);
	release_cpu();
	return 0;
}

/* innermost_call: the innermost open span of a call that the running goroutine makes. */
static __always_inline struct open_span *innermost_call(const struct goroutine_key *key)
{
	struct goroutine *goroutine = find_goroutine(key);
	struct open_span *span = goroutine ? innermost_span(goroutine) : NULL;

	return span && span->operation == OPERATION_GRPC_CLIENT ? span : NULL;
}

/* golang.org/x/net/http2/hpack.HeaderField, as it is in every release. */
struct header_field {
	struct go_string name;
	struct go_string value;
	u64 sensitive;
};

#define FIELDS_AT_ONCE (GROUP_MAX / sizeof(struct header_field))

/* A walk over header fields. */
struct field_walk {
	struct scratch *scratch;
	u64 field;
	u64 left;
	bool failed;
};

static long next_fields(void *map, const void *round, void *value, struct field_walk *walk)
{
	struct scratch *scratch = walk->scratch;
	u64 now = walk->left < FIELDS_AT_ONCE ? walk->left : FIELDS_AT_ONCE;
	u64 size = now * sizeof(struct header_field);

	asm volatile("" : "+r"(size));
	if (!walk->left || size > GROUP_MAX)
		return LAST_ROUND;
	if (bpf_probe_read_user(scratch->group, size, (void *)walk->field)) {
		walk->failed = true;
		return LAST_ROUND;
	}
	for (u32 i = 0; i < FIELDS_AT_ONCE; i++) {
		const u32 name_at = i * sizeof(struct header_field);

		/* A name is a key. Of a value nothing is wanted but that there is one, as which the name will do. */
		if (i < now)
			match_entry(scratch, name_at, name_at);
	}
	walk->field += size;
	walk->left -= now;
	return NEXT_ROUND;
}

/* find_fields notes whether a trace context is among header fields: false when they could not be read. */
static __always_inline bool find_fields(struct scratch *scratch, const struct grpc_layout *layout, u64 fields, u64 count)
{
	struct field_walk walk = {.scratch = scratch, .field = fields, .left = count};

	forget_headers(scratch);
	scratch->lengths = LENGTHS_TRACECONTEXT;
	if (layout->field_name != offsetof(struct header_field, name) || layout->field_size != sizeof(struct header_field) || count > GROUPS_MAX)
		return false;
	bpf_for_each_map_elem(&rounds, next_fields, &walk, 0);
	return !walk.failed;
}

static __noinline int on_client_headers(struct registers *ctx)
{
	u64 fields = argument_0(ctx), count = argument_1(ctx), error = argument_3(ctx);
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site) || error)
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;
	/* The memory may be that of an earlier call's. */
	forget_outgoing(fields, key.tgid);

	struct open_span *span = innermost_call(&key);

	if (!span)
		return 0;

	struct scratch *scratch = take_scratch();

	if (!scratch) {
		count_propagation(PROPAGATION_STATE_FULL);
		return 0;
	}
	if (!find_fields(scratch, layout, fields, count))
		count_propagation(PROPAGATION_UNREADABLE);
	else if (scratch->headers[HEADER_TRACEPARENT][1])
		count_propagation(PROPAGATION_PRESENT);
	else
		register_outgoing(fields, span, &key, !scratch->headers[HEADER_TRACESTATE][1]);
	give_scratch(scratch);
	return 0;
}

/*
 * (*transport.http2Client).NewStream, where the results of
 * func (t *http2Client) createHeaderFields(ctx context.Context, callHdr *CallHdr) ([]hpack.HeaderField, error)
 * are in their registers, on the goroutine of the call.
 */
SEC("uprobe")
int grpc_client_headers(struct registers *ctx)
{
	hold_cpu();
	on_client_headers(ctx);
	release_cpu();
	return 0;
}

/* take_outgoing: header fields are written once. */
static __always_inline bool take_outgoing(u64 fields, u64 tgid, struct outgoing *request)
{
	if (!find_outgoing(fields, tgid, request))
		return false;
	forget_outgoing(fields, tgid);
	return true;
}

/* read_loopy_writer: the *transport.bufWriter that a *transport.loopyWriter writes frames to; 0 when it is not known. */
static __always_inline u64 read_loopy_writer(const struct grpc_layout *layout, u64 loopy)
{
	u64 framer = layout->loopy_framer == MISSING ? 0 : read_word(loopy + layout->loopy_framer);

	return framer && layout->framer_writer != MISSING ? read_word(framer + layout->framer_writer) : 0;
}

static __noinline int on_client_arm(struct registers *ctx)
{
	u64 tgid = bpf_get_current_pid_tgid() >> 32, writer;
	struct insertion wanted = {.kind = INSERTION_FRAME, .stream_id = argument_1(ctx)};
	struct grpc_layout *layout;
	struct site site;

	if (!read_site(ctx, &site) || !take_outgoing(argument_3(ctx), tgid, &wanted.request))
		return 0;
	layout = grpc_layout(site.binary);
	writer = layout ? read_loopy_writer(layout, argument_0(ctx)) : 0;
	if (!writer || layout->writer_offset == MISSING || layout->writer_conn == MISSING)
		count_propagation(PROPAGATION_UNREADABLE);
	else
		arm(&site, read_interface(writer + layout->writer_conn), &wanted, read_word(writer + layout->writer_offset));
	return 0;
}

/*
 * (*transport.loopyWriter).originateStream, or clientHeaderHandler, at its call of
 * func (l *loopyWriter) writeHeader(streamID uint32, endStream bool, hf []hpack.HeaderField, onWrite func()) error
 * for a header that is inserted behind the program.
 */
SEC("uprobe")
int grpc_client_arm(struct registers *ctx)
{
	hold_cpu();
	on_client_arm(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_client_write_start(struct registers *ctx)
{
	struct pending pending_request = {};
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key) ||
	    !take_outgoing(argument_3(ctx), key.tgid, &pending_request.request))
		return 0;
	pending_request.goid = key.goid;
	pending_request.stream_id = argument_1(ctx);
	pending_request.buffer = read_loopy_writer(layout, argument_0(ctx));
	if (!pending_request.buffer || layout->writer_offset == MISSING) {
		count_propagation(PROPAGATION_UNREADABLE);
		return 0;
	}
	pending_request.position = read_word(pending_request.buffer + layout->writer_offset);
	if (bpf_map_update_elem(&pending, &key, &pending_request, BPF_ANY))
		count_propagation(PROPAGATION_STATE_FULL);
	return 0;
}

/* The same place, for a header that is written into the program's buffer. */
SEC("uprobe")
int grpc_client_write_start(struct registers *ctx)
{
	hold_cpu();
	on_client_write_start(ctx);
	release_cpu();
	return 0;
}

/*
 * read_buffer: a *transport.bufWriter that has not failed. It sends what it has as soon as that is a batch. One that can
 * hold any frame has less in use than before if it has sent a part of one; of a smaller one nobody could tell.
 */
static __always_inline bool read_buffer(const struct grpc_layout *layout, u64 writer, struct send_buffer *buffer)
{
	u64 bytes_at = 0, batch;

	if (layout->writer_batch == MISSING || layout->writer_error == MISSING)
		return false;
	if (layout->writer_bytes != MISSING)
		bytes_at = writer + layout->writer_bytes;
	else if (layout->writer_handle != MISSING)
		bytes_at = read_word(writer + layout->writer_handle);
	if (!bytes_at)
		return false;

	struct go_string bytes = read_string(bytes_at); /* a slice begins as a string does */

	batch = read_word(writer + layout->writer_batch);
	buffer->data = bytes.data;
	buffer->size = batch - 1;
	buffer->count_at = writer + layout->writer_offset;
	buffer->count = read_word(buffer->count_at);
	return batch > FRAME_HEADER + FRAME_MAX && batch <= bytes.length && bytes.data && !read_word(writer + layout->writer_error);
}

static __noinline int on_client_write(struct registers *ctx)
{
	enum propagation outcome = PROPAGATION_NO_ROOM;
	struct runtime_layout *runtime;
	struct grpc_layout *layout;
	struct send_buffer buffer = {};
	struct goroutine_key key;
	struct pending request;
	struct site site;
	u64 error = argument_0(ctx);

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = grpc_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key) || !take_pending(&key, &request) || error)
		return 0;
	if (read_buffer(layout, request.buffer, &buffer))
		outcome = write_field(&request.request, key.tgid, &buffer, request.position, request.stream_id);
	count_propagation(outcome);
	return 0;
}

/* Behind that call of writeHeader, where its error is in the result registers: the frame is in the buffer. */
SEC("uprobe")
int grpc_client_write(struct registers *ctx)
{
	hold_cpu();
	on_client_write(ctx);
	release_cpu();
	return 0;
}

char program_license[] SEC("license") = "GPL";
