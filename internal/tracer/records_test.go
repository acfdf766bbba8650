// SPDX-License-Identifier: Apache-2.0

//go:build linux

package tracer

import (
	"fmt"
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/kerneltest"
)

// usualSpan is a kind of span and the events of a usual one, which succeeds.
type usualSpan struct {
	kind string
	// records returns the events of the nth of such spans: what differs from one to the next
	// in a program differs here, too.
	records func(n int) (start, end []byte)
	// strings is how many strings must be made for it, because they are new each time.
	strings int
}

// usualSpans returns one of each kind, as the structs of bpf/*.bpf.c, of one process.
func usualSpans(t testing.TB, tgid uint32) []usualSpan {
	http := recordMaker{kerneltest.ReadSource(t, "include/event.h", "nethttp.bpf.c"), t, tgid}
	grpc := recordMaker{kerneltest.ReadSource(t, "include/event.h", "grpc.bpf.c"), t, tgid}
	sql := recordMaker{kerneltest.ReadSource(t, "include/event.h", "databasesql.bpf.c"), t, tgid}
	peer := map[string]uint64{"peer.ip[0]": 10, "peer.ip[3]": 7, "peer.port": 51234, "peer.ip_length": 4}
	return []usualSpan{
		{"net_http_server", func(n int) (start, end []byte) {
			start = http.record("server_start", n, 1, map[string]uint64{
				"start.trace_flags": 1, "start.parent_is_remote": 1, "start.parent_id": 3, "proto_major": 1, "proto_minor": 1,
			}, "GET", fmt.Sprintf("/items/%d?page=2", n), "shop.example:8080", fmt.Sprintf("10.0.0.7:%d", 1024+n), "Go-http-client/1.1",
				"", "", "", "", "")
			const pattern = "GET /items/{id}"
			end = http.record("server_end", n, 1, map[string]uint64{"written": 512, "status": 200, "route_length": uint64(len(pattern))})
			return start, append(end, pattern...)
		}, 1},
		{"net_http_client", func(n int) (start, end []byte) {
			start = http.record("client_start", n, 2, map[string]uint64{"start.trace_flags": 1},
				"POST", "http", "", "stock.example:8080", fmt.Sprintf("/items/%d/reserve", n), "", "count=2", "")
			end = http.record("client_end", n, 2, map[string]uint64{"content_length": 17, "status": 200, "proto_major": 1, "proto_minor": 1})
			return start, end
		}, 1},
		{"grpc_server", func(n int) (start, end []byte) {
			start = grpc.record("server_start", n, 3, peer, "/shop.Stock/Reserve", "stock.example:50051", "", "")
			end = grpc.record("server_end", n, 3, map[string]uint64{"has_status": 1})
			return start, end
		}, 0},
		{"grpc_client", func(n int) (start, end []byte) {
			start = grpc.record("client_start", n, 4, nil, "/shop.Stock/Reserve", "dns:///stock.example:50051")
			end = grpc.record("client_end", n, 4, merged(peer, map[string]uint64{"has_status": 1}), "", "")
			return start, end
		}, 0},
		{"database_sql", func(n int) (start, end []byte) {
			const query = "SELECT name, price FROM products WHERE id = $1 AND shop = $2"
			start = sql.record("sql_start", n, 5, map[string]uint64{"driver": 1, "text_length": uint64(len(query))},
				"postgres://shop:secret@db.example:5432/shop?sslmode=disable", "", "", query)
			return start, sql.record("sql_end", n, 5, nil)
		}, 0},
		{"database_sql_transaction", func(n int) (start, end []byte) {
			start = sql.record("sql_start", n, 6, map[string]uint64{"driver": 1, "transaction": 2},
				"postgres://shop:secret@db.example:5432/shop?sslmode=disable", "", "", "")
			return start, sql.record("sql_end", n, 6, nil)
		}, 0},
	}
}

// recordMaker makes the events of one library.
type recordMaker struct {
	kerneltest.Source
	t    testing.TB
	tgid uint32
}

// record returns an event of the nth span: a struct with fields, and strings behind it.
func (m recordMaker) record(name string, n int, operation events.Operation, fields map[string]uint64, strings ...string) []byte {
	m.t.Helper()
	members, _ := m.Struct(m.t, name)
	// The head has two names: event in what all events have, start or end in what they add.
	head, _, kind := "start", 0, events.TypeStart
	for _, member := range members {
		if member.Path == "end.event.type" {
			head, kind = "end", events.TypeEnd
		}
	}
	all := map[string]uint64{
		head + ".event.type": uint64(kind), head + ".event.operation": uint64(operation), head + ".event.tgid": uint64(m.tgid),
		head + ".event.time": uint64(1_000_000 + 500_000*int(kind)), head + ".event.span_id": uint64(n + 1),
	}
	if kind == events.TypeStart {
		all["start.trace_id[0]"], all["start.trace_id[1]"] = 1, uint64(n+1)
	}
	maps.Copy(all, fields)
	for i, s := range strings {
		all[fmt.Sprintf("lengths[%d]", i)] = uint64(len(s))
	}
	record := m.Record(m.t, name, all)
	for _, s := range strings {
		record = append(record, s...)
	}
	require.NotEmpty(m.t, record)
	return record
}

func merged(a, b map[string]uint64) map[string]uint64 {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
