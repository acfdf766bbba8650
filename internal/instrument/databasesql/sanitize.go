// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strings"

	"github.com/DataDog/go-sqllexer"
)

// cutMark ends the text of a statement that is longer than what is known of it.
const cutMark = "…"

// sanitized is a statement without its literals.
type sanitized struct {
	text    string
	summary summary
}

var obfuscator = sqllexer.NewObfuscator(sqllexer.WithReplaceBoolean(true))

// sanitize replaces the literals of a statement by question marks, leaves its comments
// out, and summarises it. cut says that there is more of it. It is not ok where it cannot
// be told for sure what the literals are: then nothing of the statement may be told.
func sanitize(query string, cut bool, dialect sqllexer.DBMSType) (s sanitized, ok bool) {
	if dialect == "" && strings.Contains(query, `\`) {
		return sanitized{}, false // it may escape a quote, or be a character
	}
	// In these, double quotes are around names for sure.
	quotesNames := dialect == sqllexer.DBMSPostgres || dialect == sqllexer.DBMSSQLServer
	lexer := sqllexer.New(commentsApart(query, dialect), sqllexer.WithDBMS(dialect))
	var summarizer summarizer
	var text strings.Builder
	text.Grow(len(query))
	previous := sqllexer.SPACE
	for {
		t := lexer.Scan()
		kind, value := t.Type, t.Value
		if kind == sqllexer.EOF {
			break
		}
		switch kind {
		case sqllexer.SPACE:
			text.WriteString(value)
		case sqllexer.COMMENT, sqllexer.MULTILINE_COMMENT:
		case sqllexer.ERROR, sqllexer.INCOMPLETE_STRING:
			if !cut {
				return sanitized{}, false // the lexer took quotes for others than they are
			}
			text.WriteString(sqllexer.StringPlaceholder)
		default:
			isTarget := summarizer.next(kind, value)
			isName := kind == sqllexer.IDENT || kind == sqllexer.FUNCTION
			switch {
			case isName && previous == sqllexer.NUMBER:
				// The rest of a number such as 0b1 or 1_000.
			case isName && !quotesNames && strings.Contains(value, `"`):
				return sanitized{}, false
			case kind == sqllexer.QUOTED_IDENT && !quotesNames && value[0] == '"' && !isTarget:
				text.WriteString(sqllexer.StringPlaceholder)
			default:
				obfuscator.ObfuscateTokenValue(t, nil)
				text.WriteString(t.Value)
			}
		}
		previous = kind
	}
	s.text = strings.TrimSpace(text.String())
	s.summary = summarizer.found
	s.summary.finish(cut && summarizer.ended && previous != sqllexer.SPACE)
	return s, true
}

// commentsApart puts a space before comments: the lexer takes their beginning for a part
// of a name that stands directly before it. What is added to strings is not told.
func commentsApart(query string, dialect sqllexer.DBMSType) string {
	query = strings.ReplaceAll(query, "/*", " /*")
	if dialect == sqllexer.DBMSMySQL {
		query = strings.ReplaceAll(query, "#", " #")
	}
	return query
}
