// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//go:build ignore

/*
 * database/sql: one span per statement, per begin, commit and rollback of a transaction, and per ping, as they are
 * asked of a DB, Conn, Tx or Stmt.
 */
#include "include/object.h"
#include "include/panic.h"
#include "include/preemption.h"
#include "include/span.h"

/* Kept equal to the operations in internal/instrument/databasesql/databasesql.go. */
#define OPERATION_SQL_STATEMENT 5
#define OPERATION_SQL_TRANSACTION 6
#define OPERATION_SQL_PING 7

#define TEXT_MAX 8192
#define SOURCE_MAX 2048
#define NAME_MAX 256
#define CODE_MAX 16

#define CONNECTORS_MAX 32
#define ERRORS_MAX 24
#define WRAPPED_MAX 4

/* Where a connector, or the configuration that it points to, says what it connects to. */
struct connector_layout {
	u64 type;    /* link-time address of the connector's dynamic type, or of the driver's behind a dsnConnector */
	u16 pointer; /* of the pointer to the struct that has the other fields; MISSING: the connector has them itself */
	u16 source;  /* a string: the data source name, or the host, as the driver's entry defines */
	u16 database;
	u16 extra;
	u16 port;
	u8 port_size;
	u8 driver; /* index in the table of drivers */
	u16 padding[2];
};

/* How an error says its code. */
enum code_kind {
	CODE_NONE,
	CODE_STRING,
	CODE_UINT16,
	CODE_INT32,
	CODE_INT64,
	CODE_WRAPPED, /* it has none: the field is the error that it wraps */
};

struct error_layout {
	u64 type; /* link-time address of the error's dynamic type */
	u16 offset;
	u16 kind;
	u32 padding;
};

/* Kept equal to layout in internal/instrument/databasesql/layout.go. */
struct database_sql_layout {
	u64 dsn_connector; /* link-time address of the type database/sql.dsnConnector */
	struct connector_layout connectors[CONNECTORS_MAX];
	struct error_layout errors[ERRORS_MAX];
	u16 db_connector; /* DB */
	u16 conn_db;	  /* Conn */
	u16 tx_db;	  /* Tx */
	u16 tx_done;
	u16 tx_context;
	u16 tx_closemu;
	u16 stmt_db; /* Stmt */
	u16 stmt_query;
	u16 dsn_connector_dsn; /* dsnConnector */
	u16 dsn_connector_driver;
	u16 g_sigcode0; /* runtime.g, up to Go 1.21: the stack pointer of the function that recovers a panic */
	u16 panic_sp;	/* runtime._panic, from Go 1.22: the same */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct database_sql_layout);
} database_sql_layouts SEC(".maps");

/* What a statement, transaction or ping is asked of: the variants of sql_statement_start and sql_ping_start. */
enum receiver {
	RECEIVER_DB,
	RECEIVER_CONN,
	RECEIVER_TX,
	RECEIVER_STMT,
};

/* The variants of sql_transaction_start. */
enum transaction {
	TRANSACTION_BEGIN_DB,
	TRANSACTION_BEGIN_CONN,
	TRANSACTION_COMMIT,
	TRANSACTION_ROLLBACK,
};

/* The strings behind a start event, in this order. The text must be the last: it may take all the room that is left. */
enum start_string {
	START_SOURCE,
	START_DATABASE,
	START_EXTRA,
	START_TEXT,
	START_STRINGS,
};

/* Kept equal to decodeStart in internal/instrument/databasesql. */
struct sql_start {
	struct start_event start;
	u64 text_length; /* of the statement, which the event may have less of */
	u64 port;
	u8 driver;	/* index in the table of drivers, plus one; 0: not in it */
	u8 transaction; /* enum transaction */
	u8 padding[6];
	u16 lengths[START_STRINGS];
};

struct sql_end {
	struct end_event end;
	s64 number; /* the error's code, if it is a number */
	u8 has_number;
	u8 padding[5];
	u16 code_length; /* of the error's code, if it is a string */
};

static __always_inline struct database_sql_layout *database_sql_layout(u32 binary)
{
	return bpf_map_lookup_elem(&database_sql_layouts, &binary);
}

/* read_field: a word of the struct at an address; 0 if the field is not known. */
static __always_inline u64 read_field(u64 object, u16 offset)
{
	return object && offset != MISSING ? read_word(object + offset) : 0;
}

/*
 * caller_frame: how far below the base of the stack the frame is that called the function which began the span: a
 * frame has one call under way at a time, so that it tells whose call this is. links is how many calls there are in
 * between: 0 in the function itself, before its frame exists or after it is gone, 1 inside it, 2 inside a function
 * that it calls. 0 when it could not be read.
 */
static __always_inline u64 caller_frame(struct registers *ctx, u64 stack_hi, u32 links)
{
	u64 frame = frame_pointer(ctx);

	for (u32 i = 0; i < 2; i++)
		if (i < links && frame)
			frame = read_word(frame);
	return stack_hi && frame ? stack_hi - frame : 0;
}

/* find_connector: where a connector of this type keeps what it connects to, or NULL. */
static __always_inline const struct connector_layout *find_connector(const struct database_sql_layout *layout, u64 type)
{
	if (!type)
		return NULL;
	for (u32 i = 0; i < CONNECTORS_MAX; i++)
		if (layout->connectors[i].type == type)
			return &layout->connectors[i];
	return NULL;
}

/* append_connector tells which driver serves a DB, and what its connector says of the server. */
static __always_inline void append_connector(struct scratch *scratch, const struct site *site, const struct database_sql_layout *layout,
					     struct sql_start *event, u64 db)
{
	struct go_interface connector = {}, driver = {};
	const struct connector_layout *found;
	u64 type, place;
	bool is_dsn;

	if (!db || layout->db_connector == MISSING)
		return;
	connector = read_interface(db + layout->db_connector);
	type = itab_type(site, connector.type);
	if (!type)
		return;
	is_dsn = type - site->bias == layout->dsn_connector;
	if (is_dsn) {
		if (layout->dsn_connector_driver == MISSING || layout->dsn_connector_dsn == MISSING)
			return;
		driver = read_interface(connector.data + layout->dsn_connector_driver);
		type = itab_type(site, driver.type);
	}
	found = find_connector(layout, type - site->bias);
	if (!found)
		return;
	event->driver = found->driver + 1;
	if (is_dsn) {
		event->lengths[START_SOURCE] =
			append_string(scratch, read_string(connector.data + layout->dsn_connector_dsn), SOURCE_MAX);
		return;
	}
	place = found->pointer == MISSING ? connector.data : read_word(connector.data + found->pointer);
	if (!place)
		return;
	if (found->port != MISSING) {
		event->port = read_word(place + found->port);
		if (found->port_size == sizeof(u16))
			event->port &= 0xffff;
	}
	if (found->source != MISSING)
		event->lengths[START_SOURCE] = append_string(scratch, read_string(place + found->source), SOURCE_MAX);
	if (found->database != MISSING)
		event->lengths[START_DATABASE] = append_string(scratch, read_string(place + found->database), NAME_MAX);
	if (found->extra != MISSING)
		event->lengths[START_EXTRA] = append_string(scratch, read_string(place + found->extra), NAME_MAX);
}

/*
 * What open_span has of an operation: request is its caller_frame; object is the Tx or Conn that it was asked of. In
 * DB.retry, object and check are the error of the last attempt. In a panic, check is the type of the panic's value.
 */

/* What there is to know of an operation when it starts. */
struct request {
	u64 receiver;
	struct go_interface context;
	struct go_string text; /* of a statement, unless the receiver is one that has been prepared */
	u8 kind;	       /* of the receiver, enum receiver */
	u8 operation;
	u8 transaction;
	u8 links; /* of caller_frame */
};

/* The DB of what an operation is asked of. */
static __always_inline u64 db_of(const struct database_sql_layout *layout, const struct request *request)
{
	switch (request->kind) {
	case RECEIVER_CONN:
		return read_field(request->receiver, layout->conn_db);
	case RECEIVER_TX:
		return read_field(request->receiver, layout->tx_db);
	case RECEIVER_STMT:
		return read_field(request->receiver, layout->stmt_db);
	default:
		return request->receiver;
	}
}

static __always_inline bool send_start(const struct opening *opening, const struct database_sql_layout *layout,
				       const struct open_span *span, const struct parent *parent, const struct request *request)
{
	struct scratch *scratch = opening->scratch;
	const struct site *site = &opening->site;
	struct sql_start *event = (void *)begin_start(scratch, span, parent, opening->key.tgid, site, sizeof(*event));
	struct go_string text = request->text;

	if (request->kind == RECEIVER_STMT && layout->stmt_query != MISSING)
		text = read_string(request->receiver + layout->stmt_query);
	event->transaction = request->transaction;
	event->text_length = text.length;
	append_connector(scratch, site, layout, event, db_of(layout, request));
	event->lengths[START_TEXT] = append_string(scratch, text, TEXT_MAX);
	return send_event(scratch);
}

/* start opens the span of an operation. */
static __always_inline void start(struct registers *ctx, const struct opening *opening, const struct database_sql_layout *layout,
				  const struct request *request)
{
	struct parent *parent = forget_parent(&opening->scratch->parent);
	struct open_span *span = open_child(ctx, opening, request->context, parent);

	if (!span)
		return;
	span->operation = request->operation;
	span->object = request->receiver;
	span->request = caller_frame(ctx, opening->running.stack_hi, request->links);
	if (span->sampled)
		span->silent = !send_start(opening, layout, span, parent, request);
}

/* begin_request reads what all of them have in their registers. NULL, as begin_opening has it. */
static __always_inline const struct database_sql_layout *begin_request(struct registers *ctx, struct opening *opening, struct request *request)
{
	const struct database_sql_layout *layout;

	if (!begin_opening(ctx, opening))
		return NULL;
	request->receiver = argument_0(ctx);
	request->context.type = argument_1(ctx);
	request->context.data = argument_2(ctx);
	layout = database_sql_layout(opening->site.binary);
	if (!layout)
		give_scratch(opening->scratch);
	return layout;
}

static __noinline int on_statement_start(struct registers *ctx)
{
	struct request request = {.operation = OPERATION_SQL_STATEMENT};
	const struct database_sql_layout *layout;
	struct opening opening;

	layout = begin_request(ctx, &opening, &request);
	if (!layout)
		return 0;
	request.kind = opening.site.variant;
	if (request.kind != RECEIVER_STMT) {
		request.text.data = argument_3(ctx);
		request.text.length = argument_4(ctx);
	}
	start(ctx, &opening, layout, &request);
	give_scratch(opening.scratch);
	return 0;
}

/*
 * func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*Rows, error), ExecContext, the same of
 * Conn and Tx, and
 * func (s *Stmt) QueryContext(ctx context.Context, args ...any) (*Rows, error), ExecContext
 */
SEC("uprobe")
int sql_statement_start(struct registers *ctx)
{
	hold_cpu();
	on_statement_start(ctx);
	release_cpu();
	return 0;
}

/* read_transaction: false if it is none that does anything. */
static __always_inline bool read_transaction(const struct database_sql_layout *layout, struct request *request)
{
	switch (request->transaction) {
	case TRANSACTION_BEGIN_DB:
		return true;
	case TRANSACTION_BEGIN_CONN:
		request->kind = RECEIVER_CONN;
		return true;
	case TRANSACTION_ROLLBACK:
		if (layout->tx_closemu == MISSING)
			return false;
		request->receiver -= layout->tx_closemu;
		request->links = 1;
		break;
	default:
		if (layout->tx_done != MISSING && read_byte(request->receiver + layout->tx_done))
			return false;
	}
	request->kind = RECEIVER_TX;
	request->context.type = request->context.data = 0;
	if (layout->tx_context != MISSING)
		request->context = read_interface(request->receiver + layout->tx_context);
	return true;
}

static __noinline int on_transaction_start(struct registers *ctx)
{
	struct request request = {.operation = OPERATION_SQL_TRANSACTION};
	const struct database_sql_layout *layout;
	struct opening opening;

	layout = begin_request(ctx, &opening, &request);
	if (!layout)
		return 0;
	request.transaction = opening.site.variant;
	if (read_transaction(layout, &request))
		start(ctx, &opening, layout, &request);
	give_scratch(opening.scratch);
	return 0;
}

/*
 * func (db *DB) BeginTx(ctx context.Context, opts *TxOptions) (*Tx, error), the same of Conn,
 * func (tx *Tx) Commit() error; and
 * func (tx *Tx) rollback(discardConn bool) error, at its call of tx.closemu.Lock: it is called for each transaction that
 * is over already, by Tx.awaitDone and by defers, and returns before that.
 */
SEC("uprobe")
int sql_transaction_start(struct registers *ctx)
{
	hold_cpu();
	on_transaction_start(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_ping_start(struct registers *ctx)
{
	struct request request = {.operation = OPERATION_SQL_PING};
	const struct database_sql_layout *layout;
	struct opening opening;

	layout = begin_request(ctx, &opening, &request);
	if (!layout)
		return 0;
	request.kind = opening.site.variant;
	start(ctx, &opening, layout, &request);
	give_scratch(opening.scratch);
	return 0;
}

/* func (db *DB) PingContext(ctx context.Context) error, the same of Conn */
SEC("uprobe")
int sql_ping_start(struct registers *ctx)
{
	hold_cpu();
	on_ping_start(ctx);
	release_cpu();
	return 0;
}

/* append_code reads the code of an error, or of one that it wraps, if its type is one that has one. */
static __always_inline void append_code(struct scratch *scratch, const struct site *site, const struct database_sql_layout *layout,
					struct sql_end *event, struct go_interface error)
{
	for (u32 i = 0; i < WRAPPED_MAX; i++) {
		u64 type = itab_type(site, error.type), place;
		const struct error_layout *found = NULL;

		if (!type)
			return;
		type -= site->bias;
		for (u32 j = 0; j < ERRORS_MAX && !found; j++)
			if (layout->errors[j].type == type)
				found = &layout->errors[j];
		if (!found)
			return;
		place = error.data + found->offset;
		switch (found->kind) {
		case CODE_STRING:
			event->code_length = append_string(scratch, read_string(place), CODE_MAX);
			return;
		case CODE_UINT16:
			event->number = read_word(place) & 0xffff;
			event->has_number = true;
			return;
		case CODE_INT32:
			event->number = (s64)(read_word(place) << 32) >> 32;
			event->has_number = true;
			return;
		case CODE_INT64:
			event->number = read_word(place);
			event->has_number = true;
			return;
		case CODE_WRAPPED:
			error = read_interface(place);
			type = itab_type(site, error.type);
			/* The wrapped error tells more of what went wrong than the one around it. */
			if (type)
				event->end.error_type = type - site->bias;
			continue;
		}
		return;
	}
}

/* Where an operation ends: the variants of sql_end. Kept equal to internal/instrument/databasesql/plan.go. */
enum end {
	END_ATTEMPT,	  /* behind an attempt of DB.retry: over, unless there is an error */
	END_FAILED,	  /* behind it with an error, at errors.Is(err, driver.ErrBadConn): not over yet */
	END_VERDICT,	  /* behind errors.Is: over, unless it is such an error, and there will be another attempt */
	END_LAST_ATTEMPT, /* DB.retry returns the result of its last attempt */
	END_RELEASE,	  /* a Tx or Conn takes back its connection, with an error or nil */
	END_RESULT,	  /* in the operation itself, with an error or nil */
	END_PART,	  /* in a function that the operation calls, with an error or nil */
};

#define STATEMENTS (1 << OPERATION_SQL_STATEMENT)
#define TRANSACTIONS (1 << OPERATION_SQL_TRANSACTION)
#define PINGS (1 << OPERATION_SQL_PING)

/* Which span it is that a hit is about: one of some operations, with the frame, or with the object. */
struct subject {
	u32 operations; /* bits, by number */
	u64 frame;
	u64 object;
};

static __always_inline bool is_subject(const struct open_span *span, const struct subject *subject)
{
	if (span->operation > OPERATION_SQL_PING || !(subject->operations >> span->operation & 1))
		return false;
	return subject->frame ? span->request == subject->frame : subject->object && span->object == subject->object;
}

/* find_subject: the innermost of such spans. Those further in are dropped, as in find_open. */
static __always_inline struct open_span *find_subject(struct scratch *scratch, struct goroutine *goroutine, u64 tgid, const struct site *site,
						      const struct subject *subject)
{
	bool found = false;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		found |= i < goroutine->count && is_subject(&goroutine->spans[i], subject);
	if (!found)
		return NULL;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *inner = innermost_span(goroutine);

		if (!inner || is_subject(inner, subject))
			return inner;
		drop_span(scratch, goroutine, tgid, site);
	}
	return NULL;
}

/* A hit that may end a span, and the goroutine that it is on. */
struct hit {
	struct site site;
	struct runtime_layout *runtime;
	struct scratch *scratch; /* taken: to be given back */
	struct goroutine_key key;
	struct goroutine *goroutine;
	u64 stack_hi;
};

/* read_hit: false, with nothing to be given back, if no span is open on the goroutine. */
static __always_inline bool read_hit(struct registers *ctx, struct hit *hit)
{
	struct running running;

	if (!read_site(ctx, &hit->site))
		return false;
	hit->runtime = runtime_layout(hit->site.binary);
	if (!hit->runtime)
		return false;
	hit->scratch = take_scratch();
	if (!hit->scratch)
		return false;
	if (read_running(ctx, hit->runtime, hit->scratch, &hit->key, &running)) {
		hit->stack_hi = running.stack_hi;
		hit->goroutine = find_goroutine(&hit->key);
		if (hit->goroutine)
			return true;
	}
	give_scratch(hit->scratch);
	return false;
}

/* finish ends a span with an error or nil. */
static __always_inline void finish(struct registers *ctx, const struct hit *hit, const struct subject *subject, struct go_interface error,
				   bool deferred)
{
	struct database_sql_layout *layout = database_sql_layout(hit->site.binary);
	struct scratch *scratch = hit->scratch;
	struct open_span *span = find_subject(scratch, hit->goroutine, hit->key.tgid, &hit->site, subject);

	if (!span || !layout)
		return;
	if (span->sampled && !span->silent) {
		struct sql_end *event = (void *)begin_end(scratch, span, hit->key.tgid, &hit->site, sizeof(*event));

		if (error.type) {
			event->end.has_error = true;
			event->end.error_type = link_time_type(&hit->site, error.type);
			append_code(scratch, &hit->site, layout, event, error);
		} else if (deferred && event->end.outcome == OUTCOME_RETURNED) {
			read_panic(ctx, &hit->site, hit->runtime, span, &event->end);
		}
		send_event(scratch);
	}
	hit->goroutine->count--;
	close_goroutine(hit->goroutine, &hit->key);
}

/* see_subject: find_subject without dropping anything. */
static __always_inline struct open_span *see_subject(struct goroutine *goroutine, const struct subject *subject)
{
	struct open_span *found = NULL;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		if (i < goroutine->count && is_subject(&goroutine->spans[i], subject))
			found = &goroutine->spans[i];
	return found;
}

static __always_inline void end_hit(struct registers *ctx, const struct hit *hit)
{
	struct go_interface error = {.type = argument_0(ctx), .data = argument_1(ctx)};
	struct subject subject = {.operations = STATEMENTS | TRANSACTIONS | PINGS};
	struct open_span *span;
	u32 links = 2;

	switch (hit->site.variant) {
	case END_ATTEMPT:
		/* A transaction has its own sites for that, and a ping only has its connection by now. */
		subject.operations = STATEMENTS;
		if (error.type)
			return;
		break;
	case END_VERDICT:
		if (argument_0(ctx) & 1)
			return;
		break;
	case END_LAST_ATTEMPT:
		subject.operations = error.type ? subject.operations : STATEMENTS;
		links = 1;
		break;
	case END_RELEASE:
		subject.operations = STATEMENTS;
		/* A method value: a pointer to the code, and the receiver. */
		subject.object = read_word(closure_pointer(ctx) + sizeof(u64));
		if (subject.object)
			finish(ctx, hit, &subject, error, true);
		return;
	case END_RESULT:
		links = 1;
		break;
	}
	subject.frame = caller_frame(ctx, hit->stack_hi, links);
	if (!subject.frame)
		return;
	if (hit->site.variant == END_FAILED || hit->site.variant == END_VERDICT) {
		span = see_subject(hit->goroutine, &subject);
		if (!span)
			return;
		if (hit->site.variant == END_FAILED) {
			span->object = error.type;
			span->check = error.data;
			return;
		}
		error.type = span->object;
		error.data = span->check;
	}
	finish(ctx, hit, &subject, error, false);
}

static __noinline int on_end(struct registers *ctx)
{
	struct hit hit;

	if (!read_hit(ctx, &hit))
		return 0;
	end_hit(ctx, &hit);
	give_scratch(hit.scratch);
	return 0;
}

/*
 * In func (db *DB) retry(fn func(strategy connReuseStrategy) error) error, beginDC and pingDC, in Commit and rollback,
 * and in the method values of (*Tx).closemuRUnlockRelease and (*Conn).closemuRUnlockCondReleaseConn.
 */
SEC("uprobe")
int sql_end(struct registers *ctx)
{
	hold_cpu();
	on_end(ctx);
	release_cpu();
	return 0;
}

/* What has succeeded: the variants of sql_success. Kept equal to internal/instrument/databasesql/ends.go. */
enum success {
	SUCCESS_TRANSACTION,
	SUCCESS_STATEMENT,
	SUCCESS_RESULT, /* of a statement, if the error behind the two words of its driver.Result or sql.Result is nil */
};

/* How many calls there are at most between an operation and where it succeeds: retry, a closure, and what that calls. */
#define SUCCESS_LINKS_MAX 5

/* saved_frame: the frame pointer that is saved at a frame, which may be among those that were read at once. */
static __always_inline u64 saved_frame(const struct scratch *scratch, u64 from, u64 frame)
{
	u64 offset = frame - from;

	return offset <= STRUCT_MAX - sizeof(u64) ? object_word(scratch, offset) : read_word(frame);
}

/* end_success finds the operation by the frames that lead to it. */
static __always_inline void end_success(struct registers *ctx, const struct hit *hit)
{
	const struct go_interface none = {};
	struct subject subject = {.operations = hit->site.variant == SUCCESS_TRANSACTION ? TRANSACTIONS : STATEMENTS};
	u64 from = frame_pointer(ctx), frame = from;

	if (!hit->stack_hi || !read_object(hit->scratch, from, STRUCT_MAX))
		return;
	for (u32 i = 0; i < SUCCESS_LINKS_MAX && frame; i++) {
		frame = saved_frame(hit->scratch, from, frame);
		subject.frame = hit->stack_hi - frame;
		if (frame && see_subject(hit->goroutine, &subject)) {
			finish(ctx, hit, &subject, none, false);
			return;
		}
	}
}

static __noinline int on_success(struct registers *ctx)
{
	u64 error = argument_2(ctx);
	struct hit hit;

	if (!read_hit(ctx, &hit))
		return 0;
	if (hit.site.variant != SUCCESS_RESULT || !error)
		end_success(ctx, &hit);
	give_scratch(hit.scratch);
	return 0;
}

/*
 * func (db *DB) beginDC(ctx context.Context, dc *driverConn, release func(error), opts *TxOptions) (tx *Tx, err error),
 * at its call of runtime.newproc for tx.awaitDone;
 * func (db *DB) queryDC(ctx, txctx context.Context, dc *driverConn, releaseConn func(error), query string, args []any)
 * (*Rows, error), and the func in (*Stmt).QueryContext, at their calls of (*Rows).initContextClose;
 * the funcs in (*DB).ExecContext and (*Stmt).ExecContext, behind their calls of (*DB).exec and resultFromStatement
 */
SEC("uprobe")
int sql_success(struct registers *ctx)
{
	hold_cpu();
	on_success(ctx);
	release_cpu();
	return 0;
}

/* on_return: the variant says how many words of results there are before the error. */
static __noinline int on_return(struct registers *ctx)
{
	u64 results[] = {argument_0(ctx), argument_1(ctx), argument_2(ctx), argument_3(ctx)};
	struct subject subject = {.operations = STATEMENTS | TRANSACTIONS | PINGS};
	struct go_interface error;
	struct hit hit;

	/* The compiler is kept from choosing a register by its address, which the verifier would refuse. */
	for (u32 i = 0; i < 4; i++)
		asm volatile("" : "+r"(results[i]));
	if (!read_hit(ctx, &hit))
		return 0;
	error.type = hit.site.variant == 0 ? results[0] : hit.site.variant == 1 ? results[1] : results[2];
	error.data = hit.site.variant == 0 ? results[1] : hit.site.variant == 1 ? results[2] : results[3];
	subject.frame = caller_frame(ctx, hit.stack_hi, 0);
	if (subject.frame)
		finish(ctx, &hit, &subject, error, false);
	give_scratch(hit.scratch);
	return 0;
}

/* A function that begins a span, where it returns an error before it has done anything. */
SEC("uprobe")
int sql_return(struct registers *ctx)
{
	hold_cpu();
	on_return(ctx);
	release_cpu();
	return 0;
}

static __always_inline bool is_sql(const struct open_span *span)
{
	return span->operation == OPERATION_SQL_STATEMENT || span->operation == OPERATION_SQL_TRANSACTION ||
	       span->operation == OPERATION_SQL_PING;
}

/* unwind ends the spans whose frames are gone: those that are at least so far below the base of the stack. */
static __always_inline void unwind(const struct hit *hit, u64 depth, enum outcome outcome)
{
	struct scratch *scratch = hit->scratch;

	for (u32 i = 0; i < OPEN_SPANS_MAX; i++) {
		struct open_span *span = innermost_span(hit->goroutine);

		if (!span || span->depth < depth)
			break;
		if (!is_sql(span)) {
			drop_span(scratch, hit->goroutine, hit->key.tgid, &hit->site);
			continue;
		}
		if (span->sampled && !span->silent) {
			struct sql_end *event = (void *)begin_end(scratch, span, hit->key.tgid, &hit->site, sizeof(*event));

			event->end.outcome = outcome;
			if (outcome == OUTCOME_PANICKED) {
				event->end.has_error = true;
				event->end.error_type = span->check;
			}
			send_event(scratch);
		}
		hit->goroutine->count--;
	}
	close_goroutine(hit->goroutine, &hit->key);
}

static __noinline int on_panic(struct registers *ctx)
{
	u64 type = argument_0(ctx);
	struct hit hit;

	if (!read_hit(ctx, &hit))
		return 0;
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		if (i < hit.goroutine->count && is_sql(&hit.goroutine->spans[i]))
			hit.goroutine->spans[i].check = type ? type - hit.site.bias : 0;
	give_scratch(hit.scratch);
	return 0;
}

/* func runtime.gopanic(e any) */
SEC("uprobe")
int sql_panic(struct registers *ctx)
{
	hold_cpu();
	on_panic(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_recovery(struct registers *ctx)
{
	u64 goroutine = argument_0(ctx), stack_pointer, base;
	struct database_sql_layout *layout;
	struct hit hit;

	if (!read_site(ctx, &hit.site))
		return 0;
	hit.runtime = runtime_layout(hit.site.binary);
	layout = database_sql_layout(hit.site.binary);
	if (!hit.runtime || !layout)
		return 0;
	hit.key.goid = read_word(goroutine + hit.runtime->g_goid);
	hit.key.tgid = bpf_get_current_pid_tgid() >> 32;
	hit.goroutine = hit.key.goid ? find_goroutine(&hit.key) : NULL;
	if (!hit.goroutine)
		return 0;
	base = read_word(goroutine + hit.runtime->g_stack_hi);
	if (layout->g_sigcode0 != MISSING)
		stack_pointer = read_word(goroutine + layout->g_sigcode0);
	else
		stack_pointer = read_field(read_field(goroutine, hit.runtime->g_panic), layout->panic_sp);
	hit.scratch = base && stack_pointer && stack_pointer < base ? take_scratch() : NULL;
	if (!hit.scratch)
		return 0;
	unwind(&hit, base - stack_pointer, OUTCOME_PANICKED);
	give_scratch(hit.scratch);
	return 0;
}

/* func runtime.recovery(gp *g), which runs on the system's stack when a panic of gp was recovered */
SEC("uprobe")
int sql_recovery(struct registers *ctx)
{
	hold_cpu();
	on_recovery(ctx);
	release_cpu();
	return 0;
}

static __noinline int on_exit(struct registers *ctx)
{
	struct hit hit;
	u32 depth = 0;

	if (!read_hit(ctx, &hit))
		return 0;
	/* The outermost; what a request is in has functions of its own that see it end. */
	for (u32 i = 0; i < OPEN_SPANS_MAX; i++)
		if (!depth && i < hit.goroutine->count && is_sql(&hit.goroutine->spans[i]))
			depth = hit.goroutine->spans[i].depth;
	if (depth)
		unwind(&hit, depth, OUTCOME_GOEXIT);
	give_scratch(hit.scratch);
	return 0;
}

/* func runtime.Goexit() */
SEC("uprobe")
int sql_exit(struct registers *ctx)
{
	hold_cpu();
	on_exit(ctx);
	release_cpu();
	return 0;
}

char program_license[] SEC("license") = "GPL";
