// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//go:build ignore

/*
 * net/http, and golang.org/x/net/http2 where it serves by itself: one span per request that reaches a handler, one
 * per round trip of a Transport.
 */
#include "include/arm.h"
#include "include/incoming.h"
#include "include/object.h"
#include "include/panic.h"
#include "include/preemption.h"
#include "include/span.h"
#include "include/tracestate.h"
#include "include/write.h"

/* Kept equal to the operations in internal/instrument/nethttp/nethttp.go. */
#define OPERATION_HTTP_SERVER 1
#define OPERATION_HTTP_CLIENT 2

#define URI_MAX 4160
#define QUERY_MAX 2048
#define NAME_MAX 256
#define VALUE_MAX 512

/* The fields of a request: *net/http.Request, or *net/http/internal/http2.ServerRequest. */
struct request_layout {
	u16 size; /* bytes that hold all of these fields */
	u16 method;
	u16 url;
	u16 proto_major;
	u16 proto_minor;
	u16 header;
	u16 content_length;
	u16 host;
	u16 remote_addr;
	u16 request_uri;
	u16 tls;
	u16 context;
	u16 pattern; /* Request.pat, Go 1.22 */
	u16 padding;
};

/* *responseWriter of an HTTP/2 server, the responseWriterState that it points to, and what that points to. */
struct writer_layout {
	u16 state;
	u16 status;
	u16 written;
	u16 stream;
	u16 stream_id;	/* stream */
	u16 server;
	u16 connection; /* serverConn: its net.Conn */
	u16 padding;
};

/* The three implementations of HTTP/2. A site's variant says which one. */
enum http2 {
	HTTP2_BUNDLED,	/* net/http.http2*, up to Go 1.26 */
	HTTP2_INTERNAL, /* net/http/internal/http2, from Go 1.27 */
	HTTP2_MODULE,	/* golang.org/x/net/http2 */
	HTTP2_KINDS,
};

/* Kept equal to layout in internal/instrument/nethttp/layout.go. */
struct net_http_layout {
	u64 type_buffer;	/* *bufio.Writer, by the link-time address of its descriptor; 0: not in the binary */
	u64 type_conn_writer;	/* net/http.persistConnWriter, which is a *persistConn */
	struct request_layout request;
	struct request_layout http2_request;
	struct writer_layout writers[HTTP2_KINDS];
	u16 response_status; /* net/http.response */
	u16 response_wrote_header;
	u16 response_written;
	u16 pattern_str; /* net/http.pattern */
	u16 url_size;	 /* net/url.URL */
	u16 url_scheme;
	u16 url_opaque;
	u16 url_user;
	u16 url_host;
	u16 url_path;
	u16 url_raw_path;
	u16 url_raw_query;
	u16 url_fragment;
	u16 answer_size; /* net/http.Response */
	u16 answer_status;
	u16 answer_proto_major;
	u16 answer_proto_minor;
	u16 answer_content_length;
	u16 buffer_error; /* bufio.Writer */
	u16 buffer_bytes;
	u16 buffer_count;
	u16 client_request_header; /* net/http/internal/http2.ClientRequest */
	u16 stream_ids[HTTP2_KINDS];	   /* *clientStream */
	u16 buffer_writer;	/* bufio.Writer */
	u16 conn_conn;		/* net/http.persistConn */
	u16 client_conns[HTTP2_KINDS];	  /* *ClientConn: net.Conn */
	u16 client_buffers[HTTP2_KINDS];  /* *ClientConn: *bufio.Writer */
	u16 response_connection; /* net/http.response, again */
	u16 connection;		 /* net/http.conn: its net.Conn */
	u16 response_size;	 /* bytes of net/http.response that hold its status, written and wroteHeader */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct net_http_layout);
} net_http_layouts SEC(".maps");

/* The strings behind a server's start event, in this order, each with its length in the event. */
enum server_string {
	SERVER_METHOD,
	SERVER_URI,
	SERVER_HOST,
	SERVER_REMOTE_ADDR,
	SERVER_USER_AGENT,
	SERVER_TRACESTATE,
	SERVER_FORWARDED,
	SERVER_X_FORWARDED_FOR,
	SERVER_X_FORWARDED_HOST,
	SERVER_X_FORWARDED_PROTO,
	SERVER_STRINGS,
};

/* Kept equal to decodeServerStart in internal/instrument/nethttp. */
struct server_start {
	struct start_event start;
	s64 content_length;
	u8 proto_major;
	u8 proto_minor;
	u8 tls;
	u8 has_space; /* the method has a character behind it that is not its own */
	u16 lengths[SERVER_STRINGS];
};

struct server_end {
	struct end_event end;
	s64 written;
	u16 status; /* 0: no response header was written */
	u16 route_length;
	u8 padding[4];
};

enum client_string {
	CLIENT_METHOD,
	CLIENT_SCHEME,
	CLIENT_OPAQUE,
	CLIENT_HOST,
	CLIENT_PATH,
	CLIENT_RAW_PATH,
	CLIENT_RAW_QUERY,
	CLIENT_FRAGMENT,
	CLIENT_STRINGS,
};

struct client_start {
	struct start_event start;
	s64 content_length;
	u8 has_user;
	u8 padding[7];
	u16 lengths[CLIENT_STRINGS];
};

struct client_end {
	struct end_event end;
	s64 content_length;
	u16 status; /* 0: no response */
	u8 proto_major;
	u8 proto_minor;
	u8 padding[4];
};

static __always_inline struct net_http_layout *net_http_layout(u32 binary)
{
	return bpf_map_lookup_elem(&net_http_layouts, &binary);
}

/*
 * writer_layout: that of one HTTP/2 server. The barrier keeps the compiler from checking one register and using another,
 * which the verifier would refuse.
 */
static __always_inline const struct writer_layout *writer_layout(const struct net_http_layout *layout, u32 server)
{
	asm volatile("" : "+r"(server));
	return &layout->writers[server < HTTP2_KINDS ? server : 0];
}

/*
 * discard_upgraded: a request with Upgrade: h2c reaches HTTP/2's handler with the context of the HTTP/1.1 request
 * whose handler is still running. It is one request: the span of the outer one is not emitted.
 */
static __always_inline void discard_upgraded(struct go_interface context, u64 tgid)
{
	struct context_key key = {.data = context.data, .tgid = tgid};
	struct context_span *outer = bpf_map_lookup_elem(&contexts, &key);

	if (!outer)
		return;

	struct goroutine_key owner = {.goid = outer->goid, .tgid = tgid};
	struct goroutine *goroutine = find_goroutine(&owner);

	if (!goroutine)
		return;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		if (i < goroutine->count && goroutine->spans[i].context.span_id == outer->context.span_id)
			goroutine->spans[i].discarded = true;
}

/* append_request_line: "GET /path HTTP/1.1" is one string that method and URI are parts of, net/http.readRequest. */
static __always_inline void append_request_line(struct scratch *scratch, struct server_start *event, struct go_string method, struct go_string uri)
{
	event->has_space = append_pair(scratch, method, uri, URI_MAX);
	if (event->has_space) {
		event->lengths[SERVER_METHOD] = method.length + 1;
		event->lengths[SERVER_URI] = uri.length;
		return;
	}
	event->lengths[SERVER_METHOD] = append_string(scratch, method, NAME_MAX);
	event->lengths[SERVER_URI] = append_string(scratch, uri, URI_MAX);
}

static __always_inline bool send_server_start(struct scratch *scratch, const struct request_layout *layout, const struct open_span *span,
					      const struct parent *parent, u64 tgid, const struct site *site)
{
	struct server_start *event = (void *)begin_start(scratch, span, parent, tgid, site, sizeof(*event));

	event->start.parent_is_remote = parent->known;
	event->content_length = layout->content_length == MISSING ? -1 : (s64)object_word(scratch, layout->content_length);
	event->proto_major = object_word(scratch, layout->proto_major);
	event->proto_minor = object_word(scratch, layout->proto_minor);
	event->tls = object_word(scratch, layout->tls) != 0;
	append_request_line(scratch, event, object_string(scratch, layout->method), object_string(scratch, layout->request_uri));
	event->lengths[SERVER_HOST] = append_string(scratch, object_string(scratch, layout->host), NAME_MAX);
	event->lengths[SERVER_REMOTE_ADDR] = append_string(scratch, object_string(scratch, layout->remote_addr), NAME_MAX);
	event->lengths[SERVER_USER_AGENT] = append_string(scratch, first_value(scratch, HEADER_USER_AGENT), VALUE_MAX);
	event->lengths[SERVER_TRACESTATE] = append_string(scratch, first_value(scratch, HEADER_TRACESTATE), VALUE_MAX);
	event->lengths[SERVER_FORWARDED] = append_string(scratch, first_value(scratch, HEADER_FORWARDED), VALUE_MAX);
	event->lengths[SERVER_X_FORWARDED_FOR] = append_string(scratch, first_value(scratch, HEADER_X_FORWARDED_FOR), VALUE_MAX);
	event->lengths[SERVER_X_FORWARDED_HOST] = append_string(scratch, first_value(scratch, HEADER_X_FORWARDED_HOST), NAME_MAX);
	event->lengths[SERVER_X_FORWARDED_PROTO] = append_string(scratch, first_value(scratch, HEADER_X_FORWARDED_PROTO), NAME_MAX);
	return send_event(scratch);
}

/* join_http1 reads what *net/http.response is the response on: its conn. */
static __always_inline void join_http1(struct scratch *scratch, const struct net_http_layout *layout, const struct site *site, u64 response, struct parent *parent)
{
	u64 connection;

	if (layout->response_connection == MISSING || layout->connection == MISSING)
		return;
	connection = read_word(response + layout->response_connection);
	if (connection)
		join_client(scratch, site, read_interface(connection + layout->connection), 0, parent);
}

/* join_http2 reads the stream and the connection of an HTTP/2 server's *responseWriter. */
static __always_inline void join_http2(struct scratch *scratch, const struct net_http_layout *layout, const struct site *site, u64 writer, struct parent *parent)
{
	const struct writer_layout *fields = writer_layout(layout, site->variant);
	u64 state, server, stream;
	u32 stream_id;

	if (fields->state == MISSING || fields->stream == MISSING || fields->stream_id == MISSING || fields->server == MISSING ||
	    fields->connection == MISSING)
		return;
	state = read_word(writer + fields->state);
	server = state ? read_word(state + fields->server) : 0;
	stream = state ? read_word(state + fields->stream) : 0;
	stream_id = stream ? read_word(stream + fields->stream_id) : 0;
	if (server && stream_id)
		join_client(scratch, site, read_interface(server + fields->connection), stream_id, parent);
}

/* start_server opens the span of one request. writer is the data word of the http.ResponseWriter. */
static __always_inline void start_server(struct registers *ctx, const struct opening *opening, const struct net_http_layout *net_http,
					 const struct request_layout *layout, u64 request, u64 writer, bool http2)
{
	struct scratch *scratch = opening->scratch;
	const struct site *site = &opening->site;
	struct goroutine_key key = opening->key;
	struct parent *parent = forget_parent(&scratch->parent);

	if (!read_object(scratch, request, layout->size)) {
		count_loss(LOSS_UNREADABLE);
		return;
	}
	/* "PRI * HTTP/2.0" opens a connection, which h2c then serves inside this very handler. */
	if (!http2 && object_word(scratch, layout->proto_major) == 2)
		return;

	struct goroutine *goroutine = add_goroutine(&key, http2);

	if (!goroutine)
		return;

	struct open_span *span = open_span(scratch, goroutine, key.tgid, site, frame_depth(ctx, opening->running.stack_hi));

	if (!span) {
		close_goroutine(goroutine, &key);
		return;
	}
	find_incoming_headers(scratch, object_word(scratch, layout->header), opening->runtime->map_kind);
	read_parent(scratch, parent);
	if (wants_join(scratch, parent)) {
		if (http2)
			join_http2(scratch, net_http, site, writer, parent);
		else
			join_http1(scratch, net_http, site, writer, parent);
	}
	parent->sampler = sampler_of(target_settings(scratch));
	join_trace(span, parent);
	if (parent->known && target_settings(scratch) & PROPAGATE)
		span->has_tracestate = keep_tracestate(scratch, span, key.tgid);
	span->operation = OPERATION_HTTP_SERVER;
	/* A connection of HTTP/1 has one goroutine for all its requests, also those before it was traced; HTTP/2 one for each. */
	if (!http2)
		keep_goroutine(goroutine);
	serve(site, opening->runtime, &opening->running, goroutine, span, http2 || serves_first(goroutine, site));
	span->object = writer;
	span->request = request;
	span->check = object_word(scratch, layout->url);
	goroutine->count++;

	struct go_interface context = object_interface(scratch, layout->context);

	if (http2)
		discard_upgraded(context, key.tgid);
	remember_context(span, context, &key);
	if (span->sampled)
		span->silent = !send_server_start(scratch, layout, span, parent, key.tgid, site);
}

/*
 * append_route reads the pattern that http.ServeMux noted in the request. The request of a finished handler may
 * have been freed: its URL proves that it is still the same.
 */
static __always_inline u16 append_route(struct scratch *scratch, const struct net_http_layout *layout, const struct open_span *span)
{
	if (!span->request || layout->request.pattern == MISSING || layout->pattern_str == MISSING)
		return 0;
	if (!read_object(scratch, span->request, layout->request.size) || object_word(scratch, layout->request.url) != span->check)
		return 0;

	u64 pattern = object_word(scratch, layout->request.pattern);

	return pattern ? append_string(scratch, read_string(pattern + layout->pattern_str), VALUE_MAX) : 0;
}

/* The ends of a server's span. */
enum server_end_kind {
	SERVER_END_HTTP1,	 /* the response is finished */
	SERVER_END_HTTP1_UNWIND, /* the connection's goroutine ends with the request still open */
	SERVER_END_HTTP2,
};

static __always_inline void end_server(struct registers *ctx, const struct site *site, enum server_end_kind kind)
{
	struct runtime_layout *runtime = runtime_layout(site->binary);
	struct net_http_layout *layout = net_http_layout(site->binary);
	struct goroutine_key key;

	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return;

	struct goroutine *goroutine = find_goroutine(&key);

	if (!goroutine)
		return;
	if (kind == SERVER_END_HTTP1_UNWIND)
		release_goroutine(goroutine);

	struct scratch *scratch = take_scratch();

	if (!scratch) {
		close_goroutine(goroutine, &key);
		return;
	}

	struct open_span *span = find_open(scratch, goroutine, key.tgid, site, OPERATION_HTTP_SERVER);

	if (!span)
		goto out;
	forget_context(span, key.tgid);
	forget_tracestate(span, key.tgid);
	if (span->sampled && !span->silent) {
		struct server_end *event = (void *)begin_end(scratch, span, key.tgid, site, sizeof(*event));

		if (kind != SERVER_END_HTTP1 && event->end.outcome == OUTCOME_RETURNED)
			read_panic(ctx, site, runtime, span, &event->end);
		if (kind == SERVER_END_HTTP2) {
			const struct writer_layout *writer = writer_layout(layout, site->variant);
			u64 state = writer->state == MISSING ? 0 : read_word(span->object + writer->state);

			if (state) {
				event->status = writer->status == MISSING ? 0 : read_word(state + writer->status);
				event->written = writer->written == MISSING ? -1 : (s64)read_word(state + writer->written);
			}
		} else if (read_object(scratch, span->object, layout->response_size)) {
			if ((u8)object_word(scratch, layout->response_wrote_header))
				event->status = object_word(scratch, layout->response_status);
			event->written = layout->response_written == MISSING ? -1 : (s64)object_word(scratch, layout->response_written);
		}
		/* A handler that returns without a word has said 200; one that was hijacked or that failed has not. */
		if (!event->status && event->end.outcome == OUTCOME_RETURNED && kind != SERVER_END_HTTP1_UNWIND)
			event->status = 200;
		event->route_length = append_route(scratch, layout, span);
		send_event(scratch);
	}
	goroutine->count--;
out:
	close_goroutine(goroutine, &key);
	give_scratch(scratch);
}

static __noinline int on_http1_accept(struct registers *ctx)
{
	struct runtime_layout *runtime;
	struct goroutine *goroutine;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site) || !find_target(&site))
		return 0;
	runtime = runtime_layout(site.binary);
	if (!runtime || !read_goroutine_key(ctx, runtime, &key))
		return 0;
	goroutine = add_goroutine(&key, true);
	if (!goroutine)
		return 0;
	goroutine->begun = site.identity;
	keep_goroutine(goroutine);
	close_goroutine(goroutine, &key);
	return 0;
}

/* func (c *net/http.conn) serve(ctx context.Context), on a goroutine of its own */
SEC("uprobe")
int net_http_server_accept(struct registers *ctx)
{
	hold_cpu();
	on_http1_accept(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http1_start(struct registers *ctx)
{
	struct net_http_layout *layout;
	struct opening opening;

	if (!begin_opening(ctx, &opening))
		return 0;
	layout = net_http_layout(opening.site.binary);
	if (layout)
		start_server(ctx, &opening, layout, &layout->request, argument_3(ctx), argument_2(ctx), false);
	give_scratch(opening.scratch);
	return 0;
}

/*
 * net/http.(*conn).serve, at its call of
 * func (sh serverHandler) ServeHTTP(rw ResponseWriter, req *Request)
 */
SEC("uprobe")
int net_http_server_start(struct registers *ctx)
{
	hold_cpu();
	on_http1_start(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http1_end(struct registers *ctx)
{
	struct site site;

	if (read_site(ctx, &site))
		end_server(ctx, &site, SERVER_END_HTTP1);
	return 0;
}

/* func (w *net/http.response) finishRequest() */
SEC("uprobe")
int net_http_server_end(struct registers *ctx)
{
	hold_cpu();
	on_http1_end(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http1_unwind(struct registers *ctx)
{
	struct site site;

	if (read_site(ctx, &site))
		end_server(ctx, &site, SERVER_END_HTTP1_UNWIND);
	return 0;
}

/*
 * net/http.(*conn).serve.func1, which the connection's goroutine defers: a request is open here when its handler
 * panicked, called runtime.Goexit or hijacked the connection.
 */
SEC("uprobe")
int net_http_server_unwind(struct registers *ctx)
{
	hold_cpu();
	on_http1_unwind(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http2_start(struct registers *ctx)
{
	struct net_http_layout *layout;
	struct opening opening;

	if (!begin_opening(ctx, &opening))
		return 0;
	layout = net_http_layout(opening.site.binary);
	if (layout)
		start_server(ctx, &opening, layout, opening.site.variant == HTTP2_INTERNAL ? &layout->http2_request : &layout->request,
			     argument_2(ctx), argument_1(ctx), true);
	give_scratch(opening.scratch);
	return 0;
}

/*
 * func (sc *http2serverConn) runHandler(rw *http2responseWriter, req *Request, handler func(ResponseWriter, *Request))
 * func (sc *serverConn) runHandler(rw *responseWriter, req *ServerRequest, handler func(*ResponseWriter, *ServerRequest))
 */
SEC("uprobe")
int net_http2_server_start(struct registers *ctx)
{
	hold_cpu();
	on_http2_start(ctx);
	release_cpu();
	return 0;
}

/* Where a *Request is in a register. A site's variant says which one. */
enum http2_request_place {
	REQUEST_AT_CALL,   /* of its handler: the fourth argument */
	REQUEST_AT_BRANCH, /* before that: in the register of the first argument */
};

static __noinline int on_http2_request(struct registers *ctx)
{
	u64 at_call = argument_3(ctx), at_branch = argument_0(ctx);
	struct runtime_layout *runtime;
	struct net_http_layout *layout;
	struct goroutine_key key;
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = net_http_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;

	struct goroutine *goroutine = find_goroutine(&key);
	struct open_span *span = goroutine ? innermost_span(goroutine) : NULL;

	if (span && span->operation == OPERATION_HTTP_SERVER) {
		/* The barrier keeps the compiler from choosing between places in *ctx, which the verifier would refuse. */
		asm volatile("" : "+r"(at_call), "+r"(at_branch));
		span->request = site.variant == REQUEST_AT_BRANCH ? at_branch : at_call;
		span->check = layout->request.url == MISSING ? 0 : read_word(span->request + layout->request.url);
	}
	return 0;
}

/*
 * net/http.http2Handler.ServeHTTP, at its call, or at the last branch before its call, of
 * func (net/http.Handler) ServeHTTP(rw ResponseWriter, req *Request)
 * From Go 1.27 the *Request that a ServeMux notes its pattern in exists from here on.
 */
SEC("uprobe")
int net_http2_server_request(struct registers *ctx)
{
	hold_cpu();
	on_http2_request(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http2_end(struct registers *ctx)
{
	struct site site;

	if (read_site(ctx, &site))
		end_server(ctx, &site, SERVER_END_HTTP2);
	return 0;
}

/* The func1 of runHandler, which it defers and which recovers the handler's panic. */
SEC("uprobe")
int net_http2_server_end(struct registers *ctx)
{
	hold_cpu();
	on_http2_end(ctx);
	release_cpu();
	return 0;
}

static __always_inline bool send_client_start(struct scratch *scratch, const struct net_http_layout *layout, const struct open_span *span,
					      const struct parent *parent, u64 tgid, const struct site *site)
{
	struct client_start *event = (void *)begin_start(scratch, span, parent, tgid, site, sizeof(*event));
	u64 url = object_word(scratch, layout->request.url);

	event->content_length = layout->request.content_length == MISSING ? -1 : (s64)object_word(scratch, layout->request.content_length);
	event->lengths[CLIENT_METHOD] = append_string(scratch, object_string(scratch, layout->request.method), NAME_MAX);

	if (read_object(scratch, url, layout->url_size)) {
		event->has_user = object_word(scratch, layout->url_user) != 0;
		event->lengths[CLIENT_SCHEME] = append_string(scratch, object_string(scratch, layout->url_scheme), NAME_MAX);
		event->lengths[CLIENT_OPAQUE] = append_string(scratch, object_string(scratch, layout->url_opaque), QUERY_MAX);
		event->lengths[CLIENT_HOST] = append_string(scratch, object_string(scratch, layout->url_host), NAME_MAX);
		event->lengths[CLIENT_PATH] = append_string(scratch, object_string(scratch, layout->url_path), QUERY_MAX);
		event->lengths[CLIENT_RAW_PATH] = append_string(scratch, object_string(scratch, layout->url_raw_path), QUERY_MAX);
		event->lengths[CLIENT_RAW_QUERY] = append_string(scratch, object_string(scratch, layout->url_raw_query), QUERY_MAX);
		event->lengths[CLIENT_FRAGMENT] = append_string(scratch, object_string(scratch, layout->url_fragment), NAME_MAX);
	}
	return send_event(scratch);
}

/*
 * announce makes a request carry its span, unless the program has given it a traceparent: then the span takes part in
 * the trace that this one names.
 */
static __always_inline void announce(struct scratch *scratch, struct open_span *span, struct parent *parent,
				     const struct goroutine_key *key, u64 headers, u16 map_kind)
{
	find_headers(scratch, headers, map_kind, LENGTHS_TRACECONTEXT);
	if (!scratch->headers[HEADER_TRACEPARENT][1]) {
		span->object = headers;
		register_outgoing(headers, span, key, !scratch->headers[HEADER_TRACESTATE][1]);
		return;
	}
	count_propagation(PROPAGATION_PRESENT);
	forget_outgoing(headers, key->tgid);
	follow_traceparent(scratch, span, parent);
}

static __always_inline void start_client(struct registers *ctx, const struct opening *opening, const struct net_http_layout *layout, u64 request)
{
	struct scratch *scratch = opening->scratch;
	struct parent *parent = forget_parent(&scratch->parent);

	if (!read_object(scratch, request, layout->request.size)) {
		count_loss(LOSS_UNREADABLE);
		return;
	}

	struct open_span *span = open_child(ctx, opening, object_interface(scratch, layout->request.context), parent);

	if (!span)
		return;
	span->operation = OPERATION_HTTP_CLIENT;
	span->request = request;
	if (target_settings(scratch) & PROPAGATE)
		announce(scratch, span, parent, &opening->key, object_word(scratch, layout->request.header), opening->runtime->map_kind);
	if (span->sampled)
		span->silent = !send_client_start(scratch, layout, span, parent, opening->key.tgid, &opening->site);
}

static __noinline int on_client_start(struct registers *ctx)
{
	struct net_http_layout *layout;
	struct opening opening;

	if (!begin_opening(ctx, &opening))
		return 0;
	layout = net_http_layout(opening.site.binary);
	if (layout)
		start_client(ctx, &opening, layout, argument_1(ctx));
	give_scratch(opening.scratch);
	return 0;
}

/* func (t *net/http.Transport) roundTrip(req *Request) (*Response, error) */
SEC("uprobe")
int net_http_client_start(struct registers *ctx)
{
	hold_cpu();
	on_client_start(ctx);
	release_cpu();
	return 0;
}

/* When a client's site ends the span. */
enum client_end_kind {
	CLIENT_END_ON_SUCCESS,	/* without an error: one behind a call inside roundTrip may lead to another try */
	CLIENT_END_ALWAYS,
	CLIENT_END_UNLESS_EQUAL, /* unless the error's type is that of ErrSkipAltProtocol, which it is noted for */
	CLIENT_END_IF_FALSE,	/* if that error turns out to be another one */
};

/* note_error keeps the type of an error, until it is known whether it ends the innermost round trip. */
static __always_inline void note_error(const struct site *site, const struct goroutine_key *key, u64 error)
{
	struct goroutine *goroutine = find_goroutine(key);
	struct open_span *span = goroutine ? innermost_span(goroutine) : NULL;

	if (span && span->operation == OPERATION_HTTP_CLIENT)
		span->check = link_time_type(site, error);
}

static __noinline int on_client_end(struct registers *ctx)
{
	struct runtime_layout *runtime;
	struct net_http_layout *layout;
	struct goroutine_key key;
	struct site site;
	u64 answer = argument_0(ctx), error = argument_1(ctx);

	if (!read_site(ctx, &site))
		return 0;
	if (site.variant == CLIENT_END_ON_SUCCESS && (error || !answer))
		return 0;
	if (site.variant == CLIENT_END_IF_FALSE && answer & 1)
		return 0;
	runtime = runtime_layout(site.binary);
	layout = net_http_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;
	if (site.variant == CLIENT_END_UNLESS_EQUAL && compared_equal(ctx)) {
		note_error(&site, &key, error);
		return 0;
	}

	struct goroutine *goroutine = find_goroutine(&key);

	if (!goroutine)
		return 0;

	struct scratch *scratch = take_scratch();

	if (!scratch)
		return 0;

	struct open_span *span = find_open(scratch, goroutine, key.tgid, &site, OPERATION_HTTP_CLIENT);

	if (!span)
		goto out;
	forget_join(span->context.span_id);
	unregister_outgoing(span->object, key.tgid, span);
	if (span->sampled && !span->silent) {
		struct client_end *event = (void *)begin_end(scratch, span, key.tgid, &site, sizeof(*event));

		event->content_length = -1;
		if (site.variant == CLIENT_END_IF_FALSE) {
			event->end.has_error = true;
			event->end.error_type = span->check;
		} else if (error) {
			event->end.has_error = true;
			event->end.error_type = link_time_type(&site, error);
		} else if (read_object(scratch, answer, layout->answer_size)) {
			event->status = object_word(scratch, layout->answer_status);
			event->proto_major = object_word(scratch, layout->answer_proto_major);
			event->proto_minor = object_word(scratch, layout->answer_proto_minor);
			if (layout->answer_content_length != MISSING)
				event->content_length = object_word(scratch, layout->answer_content_length);
		}
		send_event(scratch);
	}
	goroutine->count--;
	close_goroutine(goroutine, &key);
out:
	give_scratch(scratch);
	return 0;
}

/* net/http.(*Transport).roundTrip, where a response or an error is in the result registers. */
SEC("uprobe")
int net_http_client_end(struct registers *ctx)
{
	hold_cpu();
	on_client_end(ctx);
	release_cpu();
	return 0;
}

/* read_buffer: a *bufio.Writer that has not failed. */
static __always_inline bool read_buffer(const struct net_http_layout *layout, u64 writer, struct send_buffer *buffer)
{
	if (layout->buffer_error == MISSING || layout->buffer_bytes == MISSING || layout->buffer_count == MISSING)
		return false;

	struct go_string bytes = read_string(writer + layout->buffer_bytes); /* a slice begins as a string does */

	buffer->data = bytes.data;
	buffer->size = bytes.length;
	buffer->count_at = writer + layout->buffer_count;
	buffer->count = read_word(buffer->count_at);
	return bytes.data && !read_word(writer + layout->buffer_error);
}

static __noinline int on_client_write(struct registers *ctx)
{
	u64 tgid = bpf_get_current_pid_tgid() >> 32, writer = argument_2(ctx), type = argument_1(ctx);
	enum propagation outcome = PROPAGATION_MISMATCH;
	struct net_http_layout *layout;
	struct send_buffer buffer = {};
	struct outgoing request;
	struct site site;

	if (!read_site(ctx, &site) || !find_outgoing(argument_0(ctx), tgid, &request))
		return 0;
	layout = net_http_layout(site.binary);
	if (!layout)
		return 0;
	if (request.ambiguous) {
		outcome = PROPAGATION_AMBIGUOUS;
	} else if (layout->type_buffer && itab_type(&site, type) == layout->type_buffer + site.bias && read_buffer(layout, writer, &buffer)) {
		outcome = write_line(&request, tgid, &buffer);
	}
	count_propagation(outcome);
	return 0;
}

/*
 * net/http.(*Request).write, at its first call of
 * func (h Header) writeSubset(w io.Writer, exclude map[string]bool, trace *httptrace.ClientTrace) error
 * for the request's own headers: the request line and some headers are in the buffer, the end of the block is not.
 */
SEC("uprobe")
int net_http_client_write(struct registers *ctx)
{
	hold_cpu();
	on_client_write(ctx);
	release_cpu();
	return 0;
}

/* read_http1_conn: the net.Conn that a *bufio.Writer of a Transport writes to. */
static __always_inline struct go_interface read_http1_conn(const struct net_http_layout *layout, const struct site *site, u64 writer)
{
	const struct go_interface none = {};
	struct go_interface to;

	if (layout->buffer_writer == MISSING || layout->conn_conn == MISSING || !layout->type_conn_writer)
		return none;
	to = read_interface(writer + layout->buffer_writer);
	if (itab_type(site, to.type) != layout->type_conn_writer + site->bias)
		return none;
	return read_interface(to.data + layout->conn_conn);
}

static __noinline int on_client_arm(struct registers *ctx)
{
	u64 tgid = bpf_get_current_pid_tgid() >> 32, writer = argument_2(ctx), type = argument_1(ctx);
	struct insertion wanted = {.kind = INSERTION_LINE};
	struct net_http_layout *layout;
	struct send_buffer buffer = {};
	struct site site;

	if (!read_site(ctx, &site) || !find_outgoing(argument_0(ctx), tgid, &wanted.request))
		return 0;
	layout = net_http_layout(site.binary);
	if (!layout)
		return 0;
	if (wanted.request.ambiguous)
		count_propagation(PROPAGATION_AMBIGUOUS);
	else if (!layout->type_buffer || itab_type(&site, type) != layout->type_buffer + site.bias)
		count_propagation(PROPAGATION_MISMATCH);
	else if (!read_buffer(layout, writer, &buffer))
		count_propagation(PROPAGATION_UNREADABLE);
	else
		arm(&site, read_http1_conn(layout, &site, writer), &wanted, buffer.count);
	return 0;
}

/* The same place, for a header that is inserted behind the program. */
SEC("uprobe")
int net_http_client_arm(struct registers *ctx)
{
	hold_cpu();
	on_client_arm(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http2_client_headers(struct registers *ctx)
{
	u64 stream = argument_0(ctx), request = argument_1(ctx);
	struct runtime_layout *runtime;
	struct net_http_layout *layout;
	struct goroutine_key key;
	struct pending pending_request = {};
	struct site site;

	if (!read_site(ctx, &site))
		return 0;
	runtime = runtime_layout(site.binary);
	layout = net_http_layout(site.binary);
	if (!runtime || !layout || !read_goroutine_key(ctx, runtime, &key))
		return 0;

	u32 variant = site.variant < HTTP2_KINDS ? site.variant : 0;
	u16 header = variant == HTTP2_INTERNAL ? layout->client_request_header : layout->request.header;

	if (header == MISSING || layout->stream_ids[variant] == MISSING ||
	    !find_outgoing(read_word(request + header), key.tgid, &pending_request.request))
		return 0;
	if (pending_request.request.ambiguous) {
		count_propagation(PROPAGATION_AMBIGUOUS);
		return 0;
	}
	pending_request.goid = key.goid;
	pending_request.stream_id = read_word(stream + layout->stream_ids[variant]);
	if (bpf_map_update_elem(&pending, &key, &pending_request, BPF_ANY))
		count_propagation(PROPAGATION_STATE_FULL);
	return 0;
}

/*
 * func (cs *net/http.http2clientStream) encodeAndWriteHeaders(req *Request) error
 * func (cs *net/http/internal/http2.clientStream) encodeAndWriteHeaders(req *ClientRequest) error
 * func (cs *golang.org/x/net/http2.clientStream) encodeAndWriteHeaders(req *http.Request) error
 */
SEC("uprobe")
int net_http2_client_headers(struct registers *ctx)
{
	hold_cpu();
	on_http2_client_headers(ctx);
	release_cpu();
	return 0;
}

/* take_pending_here: what the running goroutine has announced in net_http2_client_headers. */
static __always_inline bool take_pending_here(struct registers *ctx, const struct site *site, struct goroutine_key *key,
					      struct pending *request)
{
	struct runtime_layout *runtime = runtime_layout(site->binary);

	return runtime && read_goroutine_key(ctx, runtime, key) && take_pending(key, request);
}

static __noinline int on_http2_client_arm(struct registers *ctx)
{
	struct insertion wanted = {.kind = INSERTION_FRAME};
	u64 client_conn = argument_0(ctx);
	struct net_http_layout *layout;
	struct send_buffer buffer = {};
	struct goroutine_key key;
	struct pending request;
	struct site site;

	if (!read_site(ctx, &site) || !take_pending_here(ctx, &site, &key, &request))
		return 0;
	layout = net_http_layout(site.binary);
	if (!layout)
		return 0;

	u32 variant = site.variant < HTTP2_KINDS ? site.variant : 0;
	u16 conn = layout->client_conns[variant], writer = layout->client_buffers[variant];

	if (conn == MISSING || writer == MISSING || !read_buffer(layout, read_word(client_conn + writer), &buffer)) {
		count_propagation(PROPAGATION_UNREADABLE);
		return 0;
	}
	wanted.request = request.request;
	wanted.stream_id = request.stream_id;
	arm(&site, read_interface(client_conn + conn), &wanted, buffer.count);
	return 0;
}

/*
 * (*clientStream).encodeAndWriteHeaders of the three, at its call of
 * func (cc *ClientConn) writeHeaders(streamID uint32, endStream bool, maxFrameSize int, hdrs []byte) error
 */
SEC("uprobe")
int net_http2_client_arm(struct registers *ctx)
{
	hold_cpu();
	on_http2_client_arm(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_http2_client_write(struct registers *ctx)
{
	enum propagation outcome = PROPAGATION_MISMATCH;
	struct net_http_layout *layout;
	struct send_buffer buffer = {};
	struct goroutine_key key;
	struct pending request;
	struct site site;

	if (!read_site(ctx, &site) || !take_pending_here(ctx, &site, &key, &request))
		return 0;
	layout = net_http_layout(site.binary);
	if (!layout)
		return 0;
	/* Whoever writes frames flushes them before it lets go of the lock: there is nothing else in the buffer. */
	if (read_buffer(layout, argument_0(ctx), &buffer))
		outcome = write_field(&request.request, key.tgid, &buffer, 0, request.stream_id);
	count_propagation(outcome);
	return 0;
}

/* (*ClientConn).writeHeaders of the three, at its call of func (b *bufio.Writer) Flush() error */
SEC("uprobe")
int net_http2_client_write(struct registers *ctx)
{
	hold_cpu();
	on_http2_client_write(ctx);
	release_cpu();
	return 0;
}

char program_license[] SEC("license") = "GPL";
