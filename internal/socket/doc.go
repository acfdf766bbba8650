// SPDX-License-Identifier: Apache-2.0

// Package socket is the way of propagation in the socket layer, bpf/socket.bpf.c: it
// attaches the programs that insert headers into what targets send, and watches sockets
// for them. Nothing is pinned: all of it goes with the process that holds it, and sockets
// that were watched go on as before.
package socket
