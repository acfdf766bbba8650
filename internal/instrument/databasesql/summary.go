// SPDX-License-Identifier: Apache-2.0

package databasesql

import (
	"slices"
	"strings"
)

// maxSummary is the limit of db.query.summary, in characters.
const maxSummary = 255

// summary is what a statement does, and to what: see "Generating a summary of the query"
// in the semantic conventions of database client spans.
type summary struct {
	words       []summaryWord // in the order of the statement
	operations  []string
	collections []string // each once
	procedures  []string
}

type summaryWord struct {
	text string
	kind wordKind
}

// wordKind tells what a word of a summary is, and what the next name of a statement
// would be.
type wordKind uint8

const (
	noWord         wordKind = iota
	operationWord           // "SELECT"
	collectionWord          // a table or view
	procedureWord           // a stored procedure
	otherWord               // the name of something else, such as a database
)

func (s *summary) add(text string, kind wordKind) {
	s.words = append(s.words, summaryWord{text, kind})
}

// extend adds to the last word what belongs to it.
func (s *summary) extend(text string) {
	if len(s.words) > 0 {
		s.words[len(s.words)-1].text += text
	}
}

// finish sorts the words. Of a statement that is cut, a name at the end may be cut, too.
func (s *summary) finish(endsInName bool) {
	if endsInName {
		s.words = s.words[:len(s.words)-1]
	}
	for _, word := range s.words {
		switch word.kind {
		case operationWord:
			s.operations = append(s.operations, word.text)
		case collectionWord:
			if !slices.Contains(s.collections, word.text) {
				s.collections = append(s.collections, word.text)
			}
		case procedureWord:
			s.procedures = append(s.procedures, word.text)
		}
	}
}

// text is db.query.summary: as many whole words as its limit allows.
func (s *summary) text() string {
	var b strings.Builder
	length := 0
	for _, word := range s.words {
		length += len([]rune(word.text)) + 1
		if length-1 > maxSummary {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word.text)
	}
	return b.String()
}

// single returns the element of a list of one, or else "".
func single(list []string) string {
	if len(list) == 1 {
		return list[0]
	}
	return ""
}
