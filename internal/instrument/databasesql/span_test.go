// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrumenttest"
)

// started is a start with strings.
type started struct {
	source
	query       string
	cut         bool
	kind        *connectorKind
	transaction uint8
}

// body writes a start as the kernel side does.
func (s started) body() []byte {
	length := len(s.query)
	if s.cut {
		length++
	}
	body := binary.LittleEndian.AppendUint64(nil, uint64(length))
	body = binary.LittleEndian.AppendUint64(body, uint64(s.port))
	driver := byte(0)
	if s.kind != nil {
		driver = byte(slices.Index(connectorKinds, *s.kind)) + 1
	}
	body = append(body, driver, s.transaction, 0, 0, 0, 0, 0, 0)
	return instrumenttest.AppendStrings(body, s.text, s.database, s.extra, s.query)
}

func codeBody(code string) []byte {
	body := append(make([]byte, 14), byte(len(code)), 0)
	return append(body, code...)
}

func numberBody(number int64) []byte {
	body := binary.LittleEndian.AppendUint64(nil, uint64(number))
	return append(body, 1, 0, 0, 0, 0, 0, 0, 0)
}

// kindOf is the first entry for a type in the table of drivers.
func kindOf(typeName string) *connectorKind {
	i := slices.IndexFunc(connectorKinds, func(kind connectorKind) bool { return kind.typeName == typeName })
	return &connectorKinds[i]
}

// operation is what a test makes a span of.
type performed struct {
	operation events.Operation
	start     started
	end       events.End
	typeName  string // of the error
	option    string // query_text, sanitized if empty
}

func (p performed) span(t *testing.T) ptrace.Span {
	t.Helper()
	if p.option == "" {
		p.option = textSanitized
	}
	span := ptrace.NewSpan()
	record := instrumenttest.Record(p.operation, p.start.body(), instrumenttest.Ending{End: p.end, TypeName: p.typeName})
	record.Options = map[string]string{queryText: p.option}
	require.NoError(t, Library().Span(record, span))
	assert.Equal(t, ptrace.SpanKindClient, span.Kind())
	return span
}

func TestSpan(t *testing.T) {
	const query = "SELECT name FROM items WHERE id = 42"
	pq := started{kind: kindOf(pqPackage + ".Driver"), source: source{text: "postgres://u:secret@db.example:5432/shop"}, query: query}
	with := func(change func(*started)) started {
		s := pq
		change(&s)
		return s
	}
	at := map[string]any{"db.system.name": "postgresql", "db.namespace": "shop", "server.address": "db.example", "server.port": int64(5432)}
	selects := map[string]any{
		"db.query.text": "SELECT name FROM items WHERE id = ?", "db.query.summary": "SELECT items",
		"db.operation.name": "SELECT", "db.collection.name": "items",
	}
	failed := events.End{HasError: true}
	for name, test := range map[string]struct {
		performed
		name    string
		with    []map[string]any
		failure string // error.type
		message string
	}{
		"statement": {performed: performed{start: pq}, name: "SELECT items", with: []map[string]any{at, selects}},
		"raw": {
			performed: performed{start: pq, option: textRaw}, name: "SELECT items",
			with: []map[string]any{at, selects, {"db.query.text": query}},
		},
		"off": {
			performed: performed{start: pq, option: textOff}, name: "SELECT items",
			with: []map[string]any{at, selects, {"db.query.text": nil}},
		},
		"cut": {
			performed: performed{start: with(func(s *started) { s.query, s.cut = query+" AND name = 'sec\xc3", true })}, name: "SELECT items",
			with: []map[string]any{at, selects, {"db.query.text": "SELECT name FROM items WHERE id = ? AND name = ?…"}},
		},
		"cut, raw": {
			performed: performed{start: with(func(s *started) { s.query, s.cut = "SELECT 'é\xc3", true }), option: textRaw}, name: "SELECT",
			with: []map[string]any{at, {"db.query.text": "SELECT 'é…", "db.query.summary": "SELECT", "db.operation.name": "SELECT"}},
		},
		"not UTF-8": {
			performed: performed{start: with(func(s *started) { s.query = "SELECT a FROM \"\xff\"" })}, name: "SELECT \"\uFFFD\"",
			with: []map[string]any{at, {
				"db.query.text": "SELECT a FROM \"\uFFFD\"", "db.query.summary": "SELECT \"\uFFFD\"",
				"db.operation.name": "SELECT", "db.collection.name": "\"\uFFFD\"",
			}},
		},
		"what cannot be sanitized": {
			performed: performed{start: with(func(s *started) { s.query = "SELECT 'secret" })}, name: "db.example:5432", with: []map[string]any{at},
		},
		"empty statement": {
			performed: performed{start: with(func(s *started) { s.query, s.source = "", source{} })}, name: "postgresql",
			with: []map[string]any{{"db.system.name": "postgresql"}},
		},
		"procedure": {
			performed: performed{start: with(func(s *started) { s.query = "CALL restock(1)" })}, name: "CALL restock",
			with: []map[string]any{at, {
				"db.query.text": "CALL restock(?)", "db.query.summary": "CALL restock",
				"db.operation.name": "CALL", "db.stored_procedure.name": "restock",
			}},
		},
		"unknown driver": {
			performed: performed{start: started{query: query}}, name: "SELECT items",
			with: []map[string]any{{"db.system.name": "other_sql"}, selects},
		},
		"begin": {
			performed: performed{operation: operationTransaction, start: with(func(s *started) { s.query, s.transaction = "", beginConn })}, name: "BEGIN",
			with: []map[string]any{at, {"db.operation.name": "BEGIN", "db.query.summary": "BEGIN"}},
		},
		"commit": {
			performed: performed{operation: operationTransaction, start: with(func(s *started) { s.query, s.transaction = "", commit })}, name: "COMMIT",
			with: []map[string]any{at, {"db.operation.name": "COMMIT", "db.query.summary": "COMMIT"}},
		},
		"rollback": {
			performed: performed{operation: operationTransaction, start: with(func(s *started) { s.query, s.transaction = "", rollback })}, name: "ROLLBACK",
			with: []map[string]any{at, {"db.operation.name": "ROLLBACK", "db.query.summary": "ROLLBACK"}},
		},
		"ping": {
			performed: performed{operation: operationPing, start: with(func(s *started) { s.query = "" })}, name: "PING db.example:5432",
			with: []map[string]any{at, {"db.operation.name": "PING"}},
		},
		"ping of nobody knows what": {
			performed: performed{operation: operationPing}, name: "PING",
			with: []map[string]any{{"db.system.name": "other_sql", "db.operation.name": "PING"}},
		},
		"SQLSTATE": {
			performed: performed{start: pq, end: events.End{HasError: true, Body: codeBody("23505")}, typeName: "*pq.Error"}, name: "SELECT items",
			with: []map[string]any{at, selects, {"db.response.status_code": "23505"}}, failure: "23505",
		},
		"number": {
			performed: performed{start: started{kind: kindOf(mysqlPackage + ".connector")}, end: events.End{HasError: true, Body: numberBody(1062)}}, name: "mysql",
			with: []map[string]any{{"db.system.name": "mysql", "db.response.status_code": "1062"}}, failure: "1062",
		},
		"error without a code": {
			performed: performed{start: pq, end: failed, typeName: "*net.OpError"}, name: "SELECT items",
			with: []map[string]any{at, selects}, failure: "*net.OpError",
		},
		"error of unknown type": {
			performed: performed{start: pq, end: failed}, name: "SELECT items", with: []map[string]any{at, selects}, failure: "_OTHER",
		},
		"panic": {
			performed: performed{start: pq, end: events.End{HasError: true, Outcome: events.Panicked}, typeName: "runtime.boundsError"}, name: "SELECT items",
			with: []map[string]any{at, selects}, failure: "runtime.boundsError", message: "panic",
		},
		"Goexit": {
			performed: performed{start: pq, end: events.End{Outcome: events.Goexit}}, name: "SELECT items",
			with: []map[string]any{at, selects}, failure: "runtime.Goexit", message: "the goroutine exited",
		},
		"death": {
			performed: performed{start: pq, end: events.End{Outcome: events.Died}}, name: "SELECT items",
			with: []map[string]any{at, selects}, failure: "_OTHER", message: "the process ended",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.operation == 0 {
				test.operation = operationStatement
			}
			span := test.span(t)
			want := map[string]any{}
			for _, attributes := range test.with {
				for key, value := range attributes {
					want[key] = value
					if value == nil {
						delete(want, key)
					}
				}
			}
			status := ptrace.StatusCodeUnset
			if test.failure != "" {
				want["error.type"] = test.failure
				status = ptrace.StatusCodeError
			}
			assert.Equal(t, want, span.Attributes().AsRaw())
			assert.Equal(t, test.name, span.Name())
			assert.Equal(t, status, span.Status().Code())
			assert.Equal(t, test.message, span.Status().Message())
		})
	}
}

func TestSpanOfOtherOperation(t *testing.T) {
	err := Library().Span(instrument.Record{Start: events.Start{Header: events.Header{Operation: 1}}}, ptrace.NewSpan())
	assert.ErrorContains(t, err, "operation 1 is not one of database/sql")
}

func TestSpanOfShortEvents(t *testing.T) {
	whole := started{query: "SELECT 1", source: source{text: "h"}}.body()
	for end := range len(whole) {
		err := Library().Span(instrument.Record{
			Start: events.Start{Header: events.Header{Operation: operationStatement}, Body: whole[:end]},
		}, ptrace.NewSpan())
		assert.ErrorContains(t, err, "start of a database span", end)
	}
	code := codeBody("23505")
	for end := 1; end < len(code); end++ {
		err := Library().Span(instrument.Record{
			Start: events.Start{Header: events.Header{Operation: operationStatement}, Body: whole}, End: events.End{Body: code[:end]},
		}, ptrace.NewSpan())
		assert.ErrorContains(t, err, "end of a database span", end)
	}
}

// FuzzSpan makes spans of events that say anything: no panic, whatever becomes a span can
// be encoded, and a sanitized text has no string.
func FuzzSpan(f *testing.F) {
	whole := started{kind: kindOf(pqPackage + ".Driver"), source: source{text: "postgres://u:p@h:1/d"}, query: "SELECT 'a' FROM b"}
	f.Add(uint8(operationStatement), whole.body(), codeBody("23505"), uint8(0), true, "*pq.Error")
	f.Add(uint8(operationTransaction), started{transaction: 200}.body(), numberBody(-1), uint8(events.Goexit), false, "")
	f.Add(uint8(operationPing), []byte{}, []byte{1}, uint8(200), true, "\xff")
	l := Library()
	f.Fuzz(func(t *testing.T, operation uint8, startBody, end []byte, outcome uint8, hasError bool, typeName string) {
		span := ptrace.NewSpan()
		if l.Span(instrument.Record{
			Start:    events.Start{Header: events.Header{Operation: events.Operation(operation)}, Body: startBody},
			End:      events.End{Outcome: events.Outcome(outcome), HasError: hasError, Body: end},
			TypeName: func(uint64) string { return typeName },
			Options:  map[string]string{queryText: textSanitized},
		}, span) != nil {
			return
		}
		if !utf8.ValidString(span.Name()) || span.Name() == "" && events.Operation(operation) != operationTransaction {
			t.Errorf("name %q", span.Name())
		}
		_, failed := span.Attributes().Get("error.type")
		if failed != (span.Status().Code() == ptrace.StatusCodeError) {
			t.Errorf("status %v, error.type %v", span.Status().Code(), failed)
		}
		if text, ok := span.Attributes().Get("db.query.text"); ok && strings.Contains(text.Str(), "'") {
			t.Errorf("text %q has a string", text.Str())
		}
		span.Attributes().Range(func(key string, value pcommon.Value) bool {
			if !utf8.ValidString(value.AsString()) {
				t.Errorf("%s %q is not UTF-8", key, value.AsString())
			}
			return true
		})
	})
}
