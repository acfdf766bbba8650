// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/DataDog/go-sqllexer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/ebpfgo/ebpfgoreceiver/internal/events"
	"github.com/ebpfgo/ebpfgoreceiver/internal/instrument"
)

// The operations that are no statements.
var transactionNames = map[uint8]string{beginDB: "BEGIN", beginConn: "BEGIN", commit: "COMMIT", rollback: "ROLLBACK"}

const pingName = "PING"

// clientSpan follows the semantic conventions of database client spans, of SQL databases
// and of each of their systems.
func (l library) clientSpan(r instrument.Record, span ptrace.Span) error {
	s, err := decodeStart(r.StartBody())
	if err != nil {
		return fmt.Errorf("start of a database span: %w", err)
	}
	e, err := decodeEnd(r.EndBody())
	if err != nil {
		return fmt.Errorf("end of a database span: %w", err)
	}
	attributes := span.Attributes()
	attributes.EnsureCapacity(10)
	span.SetKind(ptrace.SpanKindClient)
	system := semconv.DBSystemNameOtherSQL
	var at server
	if s.kind != nil {
		system = s.kind.driver.system
		at = l.servers.tell(s.kind, s.connection)
	}
	attributes.PutStr(string(semconv.DBSystemNameKey), system.Value.AsString())
	putString(attributes, string(semconv.DBNamespaceKey), at.namespace)
	instrument.PutAddress(attributes, string(semconv.ServerAddressKey), string(semconv.ServerPortKey), at.address, at.port)

	operation, text := "", ""
	switch r.Start.Operation {
	case operationStatement:
		operation, text = l.putStatement(s, r.Options[queryText], attributes)
	case operationTransaction:
		// It stands for a statement that is the driver's own, of one word.
		operation = transactionNames[s.transaction]
		text = operation
	case operationPing:
		operation = pingName
	}
	putString(attributes, string(semconv.DBOperationNameKey), operation)
	putString(attributes, string(semconv.DBQuerySummaryKey), text)
	span.SetName(spanName(text, operation, at, system.Value.AsString()))

	if e.code != "" && r.End.Outcome == events.Returned {
		attributes.PutStr(string(semconv.DBResponseStatusCodeKey), instrument.Text(e.code))
		instrument.PutFailure(span, e.code, "")
		return nil
	}
	instrument.PutOutcome(r, span)
	return nil
}

// spanName is the summary, or else what is done to what, as far as it is known.
func spanName(summary, operation string, at server, system string) string {
	if summary != "" {
		return summary
	}
	target := instrument.Text(at.address)
	if at.port != 0 {
		target = net.JoinHostPort(target, strconv.Itoa(at.port))
	}
	switch {
	case operation != "" && target != "":
		return operation + " " + target
	case operation != "":
		return operation
	case target != "":
		return target
	}
	return system
}

// putStatement sets what the text of a statement tells, and returns its operation, if it
// is one, and its summary.
func (l library) putStatement(s start, option string, attributes pcommon.Map) (operation, summary string) {
	dialect := sqllexer.DBMSType("")
	if s.kind != nil {
		dialect = s.kind.driver.dialect
	}
	found := l.statements.tell(s.query, s.cut, dialect)
	mark := ""
	if s.cut {
		mark = cutMark
	}
	switch {
	case option == textRaw:
		putString(attributes, string(semconv.DBQueryTextKey), queryOf(s.query, s.cut)+mark)
	case option == textSanitized && found.text != "":
		putString(attributes, string(semconv.DBQueryTextKey), found.text+mark)
	}
	putString(attributes, string(semconv.DBCollectionNameKey), found.collection)
	putString(attributes, string(semconv.DBStoredProcedureNameKey), found.procedure)
	return found.operation, found.summary
}

// queryOf is the text of a statement, without a character that was cut.
func queryOf(text []byte, cut bool) string {
	query := instrument.Text(string(text))
	if cut {
		query = strings.TrimSuffix(query, string(utf8.RuneError))
	}
	return query
}

func putString(attributes pcommon.Map, key, value string) {
	if value != "" {
		attributes.PutStr(key, instrument.Text(value))
	}
}
