// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"bytes"
	"debug/elf"
	"testing"
)

// fuzzFunctions calls runtime.morestack, tests results, and inlines.
var fuzzFunctions = []testFunction{
	{name: "main.main", text: []byte("\x49\x3b\x66\x10\x76\x08\x55\x48\x89\xe5\x90\x5d\xc3\x90\xe8\x00\x00\x00\x00\xeb\xeb"),
		inlined: []string{"strings.HasPrefix", "main.one"}},
	{name: "a/vendor/main.one", text: []byte("\xe8\x00\x00\x00\x00\x48\x85\xdb\x74\x01\x90\xc3\xcc\xcc\xcc\xcc")},
}

// FuzzOpen changes small executables anywhere: headers, relocations, build
// information, pclntab, moduledata and inline trees.
func FuzzOpen(f *testing.F) {
	for _, e := range []synthetic{
		{functions: fuzzFunctions},
		{functions: fuzzFunctions, pie: true},
		{functions: fuzzFunctions, pie: true, section: ".data.rel.ro", goVersion: "go1.22.1"},
		{functions: fuzzFunctions, goVersion: "go1.18.10", magic: pclntabMagic118},
		{functions: fuzzFunctions, goVersion: "go1.27.4", machine: elf.EM_AARCH64, pie: true},
	} {
		f.Add(e.bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bytes.NewReader(data)
		file, err := Open(r)
		if err != nil {
			return
		}
		if !IsGo(r) {
			t.Error("what Open opens is Go")
		}
		file.BuildID()
		if inlined, err := file.Inlined("main.one", "strings.HasPrefix"); err == nil {
			if _, err := file.moduleData(); err != nil || len(inlined) > 2 {
				t.Errorf("%q are inlined, moduledata: %v", inlined, err)
			}
		}
		found, err := file.Functions("main.main", "main.one")
		if err != nil {
			return
		}
		for _, functions := range found {
			for _, fn := range functions {
				c, err := file.Code(fn)
				if err != nil {
					continue
				}
				for _, site := range append(c.Returns(), c.IndirectCalls()...) {
					offset, ok := file.image.fileOffset(site.Address)
					if !ok || offset != site.Offset {
						t.Errorf("site %+v is at offset %#x, %t", site, offset, ok)
					}
				}
			}
		}
	})
}

// FuzzCode decodes any bytes for both instruction sets.
func FuzzCode(f *testing.F) {
	for _, fn := range fuzzFunctions {
		f.Add(fn.text, false)
	}
	f.Add([]byte("\x66\xc5\xf9\x6f\x05\x00\x00\x00\x00\xc3"), false)
	f.Add([]byte("\xc5\xf8\x77\x62\xf1\xfd\x48\x6f\x44\x24\x01\xff\xe0"), false)
	f.Add([]byte("\x90\x0b\x40\xf9\xff\x63\x30\xeb\x69\x00\x00\x54\xfe\x0f\x1e\xf8\xc0\x03\x5f\xd6\x00\x00\x00\x94\xfa\xff\xff\x17"), true)
	f.Add([]byte("\x00\x00\x00\x94\x41\x00\x00\xb4\x40\x00\x00\x58\xc0\x03\x5f\xd6\xc0\x03\x5f\xd6\xc0\x03\x5f\xd6"), true)
	f.Add(amd64AddsBatch, false)
	f.Add(arm64AddsBatch, true)
	f.Fuzz(func(t *testing.T, text []byte, arm64 bool) {
		arch := AMD64
		if arm64 {
			arch = ARM64
		}
		fn := Function{Name: "f", Entry: codeEntry, End: codeEntry + uint64(len(text))}
		c, err := decode(arch, fn, text, codeOffset)
		if err != nil {
			return
		}
		inside := func(sites ...Site) {
			for _, s := range sites {
				if s.Address < fn.Entry || s.Address >= fn.End || s.Offset != s.Address-codeEntry+codeOffset {
					t.Errorf("site %+v is not in the function", s)
				}
			}
		}
		if site, err := c.Entry(); err == nil {
			inside(site)
		}
		_, _ = c.addsBatch(arch, text)
		calls := append(c.Calls(fn), c.IndirectCalls()...)
		inside(calls...)
		inside(c.Returns()...)
		for _, call := range calls {
			branch, ok := c.BranchAfter(call, Register1)
			if !ok {
				continue
			}
			inside(branch.Site)
			for _, ret := range c.Returns() {
				c.Reaches(branch.Zero, ret)
			}
		}
	})
}
