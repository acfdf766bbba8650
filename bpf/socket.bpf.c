// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
//go:build ignore

/*
 * Insertions into what targets send, in the socket layer: for kernels that do not let programs write to memory of
 * processes. Sockets are watched by being in a sockhash: those of new connections are put there when they are
 * established, others by user space, which also takes out those that are not needed.
 */
#include "include/insert.h"
#include "include/insertion.h"
#include "include/stream.h"
#include "include/target.h"
#include <bpf/bpf_endian.h>

#define ADDRESS_FAMILY_INET 2
#define ADDRESS_FAMILY_INET6 10
#define SOCKET_STREAM 1

/* The processes that connect sockets, by socket: when a connection is established, any process may be running. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, u64);
} owners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, CONNECTIONS_MAX);
	__type(key, struct connection_key);
	__type(value, u64);
} sockets SEC(".maps");

static __always_inline void mark(struct bpf_sock_addr *ctx)
{
	u64 tgid = bpf_get_current_pid_tgid() >> 32;
	u32 id = tgid;
	struct target *target = bpf_map_lookup_elem(&targets, &id);

	if (target && target->binary && target->settings & PROPAGATE_SOCKET && ctx->type == SOCKET_STREAM)
		bpf_sk_storage_get(&owners, ctx->sk, &tgid, BPF_SK_STORAGE_GET_F_CREATE);
}

SEC("cgroup/connect4")
int socket_connect4(struct bpf_sock_addr *ctx)
{
	mark(ctx);
	return 1;
}

SEC("cgroup/connect6")
int socket_connect6(struct bpf_sock_addr *ctx)
{
	mark(ctx);
	return 1;
}

/* put_address writes an address of IPv6, or of IPv4, as the kernel has it: in the order of the network. */
static __always_inline void put_address(u8 *address, bool ipv4, u32 ip4, const u32 ip6[4])
{
	const u32 mapped[4] = {0, 0, bpf_htonl(0xffff), ip4};

	for (u32 i = 0; i < 4; i++)
		((u32 *)address)[i] = ipv4 ? mapped[i] : ip6[i];
}

/*
 * A context may be read at constant offsets only. Compilers like to choose one of two, unless both must be read: hence
 * volatile, and before anything is decided.
 */
#define read_field(field) (*(volatile u32 *)&(field))
#define read_ip6(field) {read_field((field)[0]), read_field((field)[1]), read_field((field)[2]), read_field((field)[3])}

/* put_ends fills a key, but for its process. ctx is struct sk_msg_md or struct bpf_sock_ops. */
#define put_ends(key, ctx)                                                                                                                  \
	do {                                                                                                                                \
		const u32 local4 = read_field((ctx)->local_ip4), remote4 = read_field((ctx)->remote_ip4);                                   \
		const u32 local6[4] = read_ip6((ctx)->local_ip6), remote6[4] = read_ip6((ctx)->remote_ip6);                                 \
		const bool ipv4 = (ctx)->family == ADDRESS_FAMILY_INET;                                                                     \
                                                                                                                                            \
		put_address((key)->local, ipv4, local4, local6);                                                                            \
		put_address((key)->remote, ipv4, remote4, remote6);                                                                         \
		(key)->local_port = (ctx)->local_port;                                                                                      \
		(key)->remote_port = bpf_ntohl((ctx)->remote_port);                                                                         \
	} while (0)

/* find_owner: of a socket that a target has connected. */
static __always_inline bool find_owner(struct bpf_sock_ops *ops, struct connection_key *key)
{
	struct bpf_sock *sk = ops->sk;
	u64 *owner = sk ? bpf_sk_storage_get(&owners, sk, NULL, 0) : NULL;

	if (!owner || (ops->family != ADDRESS_FAMILY_INET && ops->family != ADDRESS_FAMILY_INET6))
		return false;
	key->tgid = *owner;
	put_ends(key, ops);
	return true;
}

static __always_inline void watch(struct bpf_sock_ops *ops)
{
	struct connection_key key = {};
	struct connection connection = {
		.id = bpf_get_socket_cookie(ops),
		.position = ops->snd_nxt,
		.state = CONNECTION_FOLLOWED,
		.patience = PATIENCE_NEW,
	};

	if (!find_owner(ops, &key) || bpf_map_update_elem(&connections, &key, &connection, BPF_ANY))
		return;
	if (bpf_sock_hash_update(ops, &sockets, &key, BPF_ANY)) {
		bpf_map_delete_elem(&connections, &key);
		return;
	}
	bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
}

static __always_inline void forget(struct bpf_sock_ops *ops)
{
	struct connection_key key = {};

	if (find_owner(ops, &key))
		bpf_map_delete_elem(&connections, &key);
}

/* It leaves reply alone: what is not asked of this program is another's to answer. */
SEC("sockops")
int socket_operation(struct bpf_sock_ops *ops)
{
	if (ops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB)
		watch(ops);
	else if (ops->op == BPF_SOCK_OPS_STATE_CB && ops->args[1] == BPF_TCP_CLOSE)
		forget(ops);
	return 1;
}

/* Called with what sendmsg or sendfile of a watched socket has, before TCP gets it, with the socket locked. */
SEC("sk_msg")
int socket_message(struct sk_msg_md *msg)
{
	struct connection_key key = {.tgid = bpf_get_current_pid_tgid() >> 32};
	struct connection *connection;

	/* What an earlier run for the same message asked for stays until it is taken back. */
	bpf_msg_apply_bytes(msg, 0);
	if (msg->family != ADDRESS_FAMILY_INET && msg->family != ADDRESS_FAMILY_INET6)
		return SK_PASS;
	put_ends(&key, msg);
	connection = bpf_map_lookup_elem(&connections, &key);
	if (connection && (connection->state == CONNECTION_FRESH || connection->state == CONNECTION_FOLLOWED))
		follow(msg, connection, &key);
	return SK_PASS;
}

char program_license[] SEC("license") = "GPL";
