/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Which TCP connection a Go program is about to write to: read from the net.Conn that it has. */
#ifndef EBPFGO_CONNECTION_H
#define EBPFGO_CONNECTION_H

#include "itab.h"
#include "memory.h"
#include "site.h"

#define ADDRESS_SIZE 16
#define WRAPPERS_MAX 3 /* connections around a connection that are looked through */

/*
 * A connection as both its program and the kernel know it. Addresses have the form of IPv6: that of IPv4 is
 * ::ffff:a.b.c.d. Ports are in the order of the machine. The process is part of it, because addresses are told apart
 * by the network namespace only, and because only a traced process may be given anything.
 */
struct connection_key {
	u64 tgid;
	u8 local[ADDRESS_SIZE];
	u8 remote[ADDRESS_SIZE];
	u16 local_port;
	u16 remote_port;
	u32 padding;
};

/* Kept equal to ConnectionLayout in internal/loader/connection.go. */
struct connection_layout {
	u64 type_tcp;	/* *net.TCPConn, by the link-time address of its descriptor; 0: not in the binary */
	u64 type_tls;	/* *crypto/tls.Conn */
	u64 type_raw;	/* *google.golang.org/grpc/internal/credentials.syscallConn */
	u16 tcp_fd;	/* net.TCPConn: *net.netFD */
	u16 fd_local;	/* net.netFD: net.Addr */
	u16 fd_remote;
	u16 fd_number;	/* its internal/poll.FD.Sysfd */
	u16 address_ip; /* net.TCPAddr */
	u16 address_port;
	u16 tls_inner; /* crypto/tls.Conn: net.Conn */
	u16 raw_inner; /* syscallConn: net.Conn */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct connection_layout);
} connection_layouts SEC(".maps");

enum connection_kind {
	CONNECTION_PLAIN,      /* what the program writes is what TCP sends */
	CONNECTION_ENCRYPTED,  /* there is TLS between the two */
	CONNECTION_NOT_TCP,    /* another kind of connection, or one that the program has wrapped */
	CONNECTION_UNREADABLE, /* the target's memory could not be read, or its layout is not known */
};

/* Where a connection was found. */
struct connection_place {
	struct connection_key key;
	u32 fd; /* the process's file descriptor of it */
	u32 padding;
};

/* What a net.TCPAddr begins with. */
struct tcp_address {
	struct go_string ip; /* a slice begins as a string does */
	u64 capacity;
	u64 port;
};

/* read_address: *net.TCPAddr {IP []byte; Port int; Zone string}. */
static __always_inline bool read_address(const struct connection_layout *layout, u64 data, u8 address[ADDRESS_SIZE], u16 *port)
{
	struct tcp_address tcp;

	if (!data || bpf_probe_read_user(&tcp, sizeof(tcp), (void *)(data + layout->address_ip)))
		return false;
	*port = tcp.port;
	if (tcp.ip.length == ADDRESS_SIZE)
		return !bpf_probe_read_user(address, ADDRESS_SIZE, (void *)tcp.ip.data);
	if (tcp.ip.length != 4)
		return false;
	__builtin_memset(address, 0, 10);
	address[10] = address[11] = 0xff;
	return !bpf_probe_read_user(address + 12, 4, (void *)tcp.ip.data);
}

/* The two addresses of a net.netFD, each a net.Addr. */
struct addresses {
	struct go_interface local;
	struct go_interface remote;
};

/* knows_tcp: what stands together in every release is read at once. */
static __always_inline bool knows_tcp(const struct connection_layout *layout)
{
	return layout->tcp_fd != MISSING && layout->fd_local != MISSING && layout->fd_number != MISSING && layout->address_ip != MISSING &&
	       layout->fd_remote == layout->fd_local + offsetof(struct addresses, remote) &&
	       layout->address_port == layout->address_ip + offsetof(struct tcp_address, port);
}

/* read_tcp: *net.TCPConn. */
static __always_inline bool read_tcp(const struct connection_layout *layout, u64 tcp, struct connection_place *place)
{
	u64 fd = read_word(tcp + layout->tcp_fd);
	struct addresses addresses;

	if (!fd || bpf_probe_read_user(&addresses, sizeof(addresses), (void *)(fd + layout->fd_local)))
		return false;
	/* Those of a TCP connection are *net.TCPAddr. */
	if (!read_address(layout, addresses.local.data, place->key.local, &place->key.local_port) ||
	    !read_address(layout, addresses.remote.data, place->key.remote, &place->key.remote_port))
		return false;
	place->key.tgid = bpf_get_current_pid_tgid() >> 32;
	place->fd = read_word(fd + layout->fd_number);
	return true;
}

/* unwrap: the net.Conn that a layer around another one has, or no interface value. */
static __always_inline struct go_interface unwrap(const struct connection_layout *layout, u64 type, u64 data)
{
	const struct go_interface none = {};

	if (type == layout->type_tls && layout->tls_inner != MISSING)
		return read_interface(data + layout->tls_inner);
	if (type == layout->type_raw && layout->raw_inner != MISSING)
		return read_interface(data + layout->raw_inner);
	return none;
}

/*
 * read_connection finds the TCP connection that an interface value, such as a net.Conn, stands for. *place, which
 * must be all zeros before, tells it if it is plain or encrypted.
 */
static __always_inline enum connection_kind read_connection(const struct site *site, struct go_interface conn,
							    struct connection_place *place)
{
	struct connection_layout *layout = bpf_map_lookup_elem(&connection_layouts, &site->binary);
	enum connection_kind kind = CONNECTION_PLAIN;

	if (!layout || !layout->type_tcp || !knows_tcp(layout))
		return CONNECTION_UNREADABLE;
	for (u32 i = 0; i <= WRAPPERS_MAX; i++) {
		u64 type = itab_type(site, conn.type);

		if (!type || !conn.data)
			return CONNECTION_UNREADABLE;
		type -= site->bias;
		if (type == layout->type_tcp)
			return read_tcp(layout, conn.data, place) ? kind : CONNECTION_UNREADABLE;
		if (type == layout->type_tls)
			kind = CONNECTION_ENCRYPTED;
		conn = unwrap(layout, type, conn.data);
		if (!conn.type)
			break;
	}
	return CONNECTION_NOT_TCP;
}

#endif
