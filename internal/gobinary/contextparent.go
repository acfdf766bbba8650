// SPDX-License-Identifier: Apache-2.0

package gobinary

import "bytes"

// Structs that are embedded in each other deeper than this are not looked into.
const maxEmbedding = 16

// contextSearch tells what implements context.Context, and where structs have
// one.
type contextSearch struct {
	*types
	methods []contextMethod         // none if the executable has no context.Context
	parents map[rtype]contextParent // of the structs that have been looked at
}

// contextMethod is a method of context.Context.
type contextMethod struct {
	name []byte
	typ  rtype
}

// contextParent is where a struct has its parent, if it has one. The type is
// not set.
type contextParent struct {
	ContextType
	ok bool
}

func newContextSearch(t *types) *contextSearch {
	s := &contextSearch{types: t, parents: make(map[rtype]contextParent)}
	for _, typ := range t.all {
		if t.kind(typ) == kindInterface && t.is(typ, "context", "Context") {
			for m := range t.methods(typ) {
				s.methods = append(s.methods, contextMethod{t.name(m.name), m.typ})
			}
			break
		}
	}
	return s
}

// implements tells whether a type, be it an interface or not, has the methods
// of context.Context. Type 0 has none.
func (s *contextSearch) implements(t rtype) bool {
	if t == 0 || len(s.methods) == 0 {
		return false
	}
	if list, _ := s.methodList(t); list.len < uint64(len(s.methods)) {
		return false
	}
	found := 0
	for m := range s.types.methods(t) {
		for _, wanted := range s.methods {
			if m.typ == wanted.typ && bytes.Equal(s.name(m.name), wanted.name) {
				found++
			}
		}
	}
	return found == len(s.methods)
}

// parent returns where a struct has its parent.
func (s *contextSearch) parent(structure rtype, depth int) (ContextType, bool) {
	if p, known := s.parents[structure]; known {
		return p.ContextType, p.ok
	}
	// Stands as long as we are at it, for a struct that embeds a pointer to
	// itself.
	s.parents[structure] = contextParent{}
	if depth > maxEmbedding {
		return ContextType{}, false
	}
	var best contextParent
	bestRank := noContext
	for f := range s.fields(structure) {
		rank := s.rank(f)
		if rank >= bestRank {
			continue
		}
		if p, ok := s.through(f, rank, depth); ok {
			best, bestRank = contextParent{p, true}, rank
		}
	}
	s.parents[structure] = best
	return best.ContextType, best.ok
}

// contextRank orders the fields where a struct may have its parent, the best
// first.
type contextRank uint8

const (
	embeddedContext contextRank = iota // context.Context, or an interface with more methods
	embeddedStruct                     // a struct that implements it, or a pointer to one
	plainContext                       // a field with a name, such as ctx
	otherStruct                        // a struct that has one without implementing it
	httpRequest                        // *net/http.Request
	noContext
)

func (s *contextSearch) rank(f structField) contextRank {
	switch s.kind(f.typ) {
	case kindInterface:
		switch {
		case !s.implements(f.typ):
		case f.embedded:
			return embeddedContext
		default:
			return plainContext
		}
	case kindStruct:
		switch {
		case !f.embedded:
		case s.implements(f.typ), s.implements(s.pointerToThis(f.typ)):
			return embeddedStruct
		default:
			return otherStruct
		}
	case kindPointer:
		elem := s.elem(f.typ)
		switch {
		case s.kind(elem) != kindStruct:
		case s.is(elem, "net/http", "Request"):
			return httpRequest
		case !f.embedded:
		case s.implements(f.typ):
			return embeddedStruct
		default:
			return otherStruct
		}
	}
	return noContext
}

// through returns where the parent is that a struct has in a field of its.
func (s *contextSearch) through(f structField, rank contextRank, depth int) (ContextType, bool) {
	if rank == embeddedContext || rank == plainContext {
		return ContextType{Offset: f.offset}, true
	}
	if s.kind(f.typ) == kindStruct {
		p, ok := s.parent(f.typ, depth+1)
		p.Offset += f.offset
		return p, ok
	}
	p, ok := s.parent(s.elem(f.typ), depth+1)
	if p.Deref {
		return ContextType{}, false // one pointer more than a ContextType can say
	}
	return ContextType{Offset: f.offset, Via: p.Offset, Deref: true}, ok
}
