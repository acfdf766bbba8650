// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"strings"

	"github.com/DataDog/go-sqllexer"
)

const (
	// maxDepth bounds the pairs of parentheses, in each other, that are told apart.
	maxDepth = 64
	// maxWords bounds the words of a summary: no more of them fit its limit.
	maxWords = 128
	// maxKeyword is the length of the longest word that means something here.
	maxKeyword = 16
)

// summarizer makes a summary of the tokens of a statement, one after the other. It knows
// so much of SQL as it takes to tell the names of tables from those of columns, and
// commands from the clauses that are called like them.
type summarizer struct {
	found    summary
	levels   [maxDepth]level // by pair of parentheses, outermost first
	depth    int             // may be more than there are levels
	expected wordKind        // what the next name is, if it is anything
	previous string          // the token before, in upper case
	command  string          // the last operation, in upper case
	ended    bool            // the last token ended in a word that was found
	// objectKnown says that the last operation has what it creates, alters or drops.
	objectKnown bool
	with        bool // the statement begins with WITH
	naming      bool // and is at the names that it gives
	named       map[string]bool
}

// level is what is known of the statement in a pair of parentheses.
type level struct {
	reads bool // FROM is followed by collections, and is no part of an expression
	lists bool // a comma is followed by another collection
}

func (s *summarizer) level() *level { return &s.levels[min(s.depth, maxDepth-1)] }

// next takes the next token, which is no white space and no comment, and tells whether it
// is the name of a collection or the like.
func (s *summarizer) next(kind sqllexer.TokenType, text string) (isTarget bool) {
	upper := ""
	if len(text) <= maxKeyword {
		upper = strings.ToUpper(text)
	}
	joins := s.ended && s.previous == "."
	ended := s.ended
	s.ended = false
	switch kind {
	case sqllexer.PUNCTUATION:
		s.punctuation(upper)
		s.ended = ended && upper == "."
	case sqllexer.IDENT, sqllexer.QUOTED_IDENT, sqllexer.FUNCTION:
		switch {
		case joins:
			s.found.extend("." + text)
			s.ended, isTarget = true, true
		case s.keyword(upper, text):
		default:
			isTarget = s.name(kind, text)
			s.ended = isTarget
		}
	case sqllexer.COMMAND, sqllexer.KEYWORD, sqllexer.CTE_INDICATOR, sqllexer.ALIAS_INDICATOR, sqllexer.PROC_INDICATOR:
		if !s.keyword(upper, text) {
			s.expected = noWord
		}
	default:
		s.expected = noWord
	}
	s.previous = upper
	if upper == "" {
		s.previous = "name"
	}
	return isTarget
}

func (s *summarizer) punctuation(mark string) {
	switch mark {
	case "(":
		s.expected = noWord
		s.depth++
		*s.level() = level{}
	case ")":
		s.expected = noWord
		s.depth = max(s.depth-1, 0)
	case ",":
		s.expected = noWord
		if s.level().lists {
			s.expected = collectionWord
		}
	case ";":
		s.levels[0], s.depth, s.expected = level{}, 0, noWord
		s.with, s.naming, s.command = false, false, ""
	}
}

// name takes a name, which is a target if one is expected.
func (s *summarizer) name(kind sqllexer.TokenType, text string) bool {
	if s.naming && s.depth == 0 && (s.previous == "WITH" || s.previous == "RECURSIVE" || s.previous == ",") {
		if s.named == nil {
			s.named = map[string]bool{}
		}
		s.named[strings.ToUpper(text)] = true
		return false
	}
	expected := s.expected
	s.expected = noWord
	isFunction := kind == sqllexer.FUNCTION && (s.previous == "FROM" || s.previous == "JOIN" || s.previous == ",")
	if expected == noWord || isFunction || s.named[strings.ToUpper(text)] || len(s.found.words) == maxWords {
		return false
	}
	s.found.add(text, expected)
	return true
}

// keyword takes a word that may be a keyword, and tells whether it meant something.
func (s *summarizer) keyword(word, text string) bool {
	switch word {
	case "FROM":
		if s.level().reads && s.previous != "DISTINCT" {
			s.expected, s.level().lists = collectionWord, true
		}
		return true
	case "INTO":
		s.expected, s.level().lists = collectionWord, false
		return true
	case "JOIN", "STRAIGHT_JOIN":
		s.expected = collectionWord
		return true
	case "USING":
		if s.command == "MERGE" {
			s.expected = collectionWord
		}
		return true
	case "SET", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", "RETURNING", "WINDOW", "FOR":
		s.expected, s.level().lists = noWord, false
		s.operation(word, text)
		return true
	case "ONLY", "IF", "NOT", "EXISTS", "LATERAL", "IGNORE", "LOW_PRIORITY", "CONCURRENTLY":
		return s.expected != noWord
	case "WITH":
		if s.previous == "" || s.previous == ";" {
			s.with, s.naming = true, true
		}
		return true
	}
	return s.object(word, text) || s.operation(word, text)
}

// object takes what a CREATE, ALTER or DROP is about: it belongs to the operation.
func (s *summarizer) object(word, text string) bool {
	expected, ok := objects[word]
	if !ok {
		return false
	}
	switch s.command {
	case "CREATE", "ALTER", "DROP":
		if s.objectKnown {
			return false
		}
		s.objectKnown = true
		s.found.extend(" " + text)
	case "TRUNCATE", "LOCK":
		if word != "TABLE" {
			return false
		}
	default:
		return false
	}
	s.expected = expected
	s.level().lists = expected == collectionWord && s.command != "CREATE" && s.command != "ALTER"
	return true
}

// operation takes a word that is an operation, where it can be one.
func (s *summarizer) operation(word, text string) bool {
	expected, ok := commands[word]
	if !ok || !s.begins(word) {
		return false
	}
	if len(s.found.words) < maxWords {
		s.found.add(text, operationWord)
	}
	s.command, s.objectKnown, s.expected = word, false, expected
	s.naming = s.naming && s.depth > 0
	level := s.level()
	level.lists = word == "UPDATE" || word == "TRUNCATE"
	switch word {
	case "SELECT", "DELETE", "UPDATE":
		level.reads = true
	}
	return true
}

// begins tells whether a command here is an operation, and no part of a clause such as
// FOR UPDATE or ON DELETE.
func (s *summarizer) begins(word string) bool {
	switch word {
	case "SELECT":
		return s.command != "GRANT" && s.command != "REVOKE"
	case "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE":
		switch s.previous {
		case "EXPLAIN", "ANALYZE", "VERBOSE":
			return true
		case "AS":
			return s.command == "PREPARE"
		case "(":
			return s.with
		case ")":
			return s.with || s.command == "EXPLAIN"
		}
	}
	return s.previous == "" || s.previous == ";"
}

// commands are the operations, each with what its first name is.
var commands = map[string]wordKind{
	"UPDATE": collectionWord, "MERGE": collectionWord, "TRUNCATE": collectionWord, "COPY": collectionWord,
	"CALL": procedureWord, "EXEC": procedureWord, "EXECUTE": procedureWord,
	"USE": otherWord,

	"SELECT": noWord, "INSERT": noWord, "DELETE": noWord, "REPLACE": noWord, "CREATE": noWord, "ALTER": noWord, "DROP": noWord,
	"ABORT": noWord, "ANALYZE": noWord, "ATTACH": noWord, "BEGIN": noWord, "CHECKPOINT": noWord, "CLOSE": noWord, "CLUSTER": noWord,
	"COMMENT": noWord, "COMMIT": noWord, "DEALLOCATE": noWord, "DECLARE": noWord, "DESCRIBE": noWord, "DETACH": noWord,
	"DISCARD": noWord, "DO": noWord, "END": noWord, "EXPLAIN": noWord, "FETCH": noWord, "FLUSH": noWord, "GRANT": noWord,
	"KILL": noWord, "LISTEN": noWord, "LOAD": noWord, "LOCK": noWord, "MOVE": noWord, "NOTIFY": noWord, "OPTIMIZE": noWord,
	"PRAGMA": noWord, "PREPARE": noWord, "REFRESH": noWord, "REINDEX": noWord, "RELEASE": noWord, "RENAME": noWord, "RESET": noWord,
	"REVOKE": noWord, "ROLLBACK": noWord, "SAVEPOINT": noWord, "SET": noWord, "SHOW": noWord, "START": noWord, "UNLISTEN": noWord,
	"UNLOCK": noWord, "VACUUM": noWord, "VALUES": noWord,
}

// objects are the kinds of things that are created, altered and dropped, each with what
// its name is.
var objects = map[string]wordKind{
	"TABLE": collectionWord, "VIEW": collectionWord, "PROCEDURE": procedureWord, "PROC": procedureWord,
	"INDEX": otherWord, "DATABASE": otherWord, "SCHEMA": otherWord, "SEQUENCE": otherWord, "TRIGGER": otherWord, "TYPE": otherWord,
	"EXTENSION": otherWord, "FUNCTION": otherWord,
}
