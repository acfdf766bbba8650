// SPDX-License-Identifier: Apache-2.0

package gobinary

import "strings"

// wantedType is a type that is searched by its name.
type wantedType struct {
	key     string // as the caller names it
	pkg     string
	pointer bool
}

// typeMatch is a type that was found by its name.
type typeMatch struct {
	address   uint64
	match     packageMatch
	ambiguous bool
}

// TypeAddresses returns the link-time addresses of the descriptors of types by
// their names: "path/of/package.Name" for a named type, "*path/of/package.Name"
// for a pointer to it. Left out are those that the executable has not, and
// those that it has several of, such as types of one name in several functions.
// A package that is vendored goes by its own path.
func (f *File) TypeAddresses(names ...string) (map[string]uint64, error) {
	types, err := f.types()
	if err != nil {
		return nil, err
	}
	return types.addresses(names)
}

func (t *types) addresses(names []string) (map[string]uint64, error) {
	wanted := map[string][]wantedType{} // by name without package
	for _, name := range names {
		path, pointer := strings.CutPrefix(name, "*")
		dot := strings.LastIndexByte(path, '.')
		short := path[dot+1:]
		wanted[short] = append(wanted[short], wantedType{name, path[:max(dot, 0)], pointer})
	}
	found := map[string]typeMatch{}
	for _, typ := range t.all {
		named := typ
		pointer := t.kind(typ) == kindPointer && !t.named(typ)
		if pointer {
			named = t.elem(typ)
		}
		if named == 0 || !t.named(named) {
			continue
		}
		candidates := wanted[string(t.shortName(named))]
		if len(candidates) == 0 {
			continue
		}
		path := string(t.packagePath(named))
		for _, w := range candidates {
			match := matchPackage(path, w.pkg)
			if w.pointer != pointer || match == noMatch {
				continue
			}
			known, ok := found[w.key]
			if !ok || match > known.match {
				found[w.key] = typeMatch{address: t.base + uint64(typ), match: match}
			} else if match == known.match {
				known.ambiguous = true
				found[w.key] = known
			}
		}
	}
	addresses := map[string]uint64{}
	for name, match := range found {
		if !match.ambiguous {
			addresses[name] = match.address
		}
	}
	return addresses, t.failure()
}
