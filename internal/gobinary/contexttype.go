// SPDX-License-Identifier: Apache-2.0

package gobinary

import "fmt"

// ContextType is a type that implements context.Context and has a parent: where
// its values have the context that they were made from.
type ContextType struct {
	// Type is the link-time address of the dynamic type, as an interface value
	// has it: that of *T for a pointer, that of T for a struct. The data word of
	// the interface value points to T in both cases.
	Type uint64
	// Offset in T, in bytes, of the parent, an interface value; with Deref, of a
	// pointer to a struct that has the parent at offset Via.
	Offset uint32
	Via    uint32
	Deref  bool
}

const maxContextTypes = 4096

// ContextTypes finds the types of the executable that implement
// context.Context, with the context that their Value most likely asks: an
// embedded one, be it in an embedded struct, else the first field that is one,
// else that of a *net/http.Request, as *gin.Context has it. Types without any
// are left out; so are those that an interface holds without a pointer. It is
// an error if there are more than 4096.
func (f *File) ContextTypes() ([]ContextType, error) {
	types, err := f.types()
	if err != nil {
		return nil, err
	}
	return types.contextTypes()
}

func (t *types) contextTypes() ([]ContextType, error) {
	search := newContextSearch(t)
	var found []ContextType
	for _, typ := range t.all {
		structure := typ
		if t.kind(typ) == kindPointer {
			structure = t.elem(typ)
		} else if t.direct(typ) {
			continue
		}
		if t.kind(structure) != kindStruct || !search.implements(typ) {
			continue
		}
		parent, ok := search.parent(structure, 0)
		if !ok {
			continue
		}
		if len(found) == maxContextTypes {
			return nil, fmt.Errorf("more than %d types implement context.Context", maxContextTypes)
		}
		parent.Type = t.base + uint64(typ)
		found = append(found, parent)
	}
	return found, t.failure()
}
