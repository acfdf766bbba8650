// SPDX-License-Identifier: Apache-2.0

package gobinary

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ebpfgo/ebpfgoreceiver/internal/targettest"
)

// openBuild opens a program of testdata, built that way. The file is closed
// when the test ends.
func openBuild(t testing.TB, b targettest.Build) (*File, *os.File) {
	t.Helper()
	r, err := os.Open(targettest.Binary(t, b))
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	f, err := Open(r)
	require.NoError(t, err)
	return f, r
}

// eachTypes runs a test on program types as each release builds it, without symbols, also as a PIE.
func eachTypes(t *testing.T, test func(t *testing.T, f *File, r *os.File)) {
	t.Helper()
	for _, version := range targettest.Versions() {
		for _, pie := range []bool{false, true} {
			b := targettest.Build{Program: "types", Go: version, Strip: true, PIE: pie}
			t.Run(b.String(), func(t *testing.T) {
				t.Parallel()
				f, r := openBuild(t, b)
				test(t, f, r)
			})
		}
	}
}

// builds are all releases, and then all ways to link a program.
func builds() []targettest.Build {
	var all []targettest.Build
	for _, version := range targettest.Versions() {
		all = append(all, targettest.Build{Program: "httpserver", Go: version})
	}
	for _, version := range []string{"1.18", "1.23", "1.27"} {
		all = append(all,
			targettest.Build{Program: "httpserver", Go: version, PIE: true},
			targettest.Build{Program: "httpserver", Go: version, CGO: true},
			targettest.Build{Program: "httpserver", Go: version, CGO: true, PIE: true},
			targettest.Build{Program: "httpserver", Go: version, CGO: true, Static: true},
			targettest.Build{Program: "httpserver", Go: version, CGO: true, Static: true, PIE: true},
			targettest.Build{Program: "httpserver", Go: version, GOARCH: "arm64"},
			targettest.Build{Program: "httpserver", Go: version, GOARCH: "arm64", PIE: true},
		)
	}
	return append(all, targettest.Build{Program: "httpserver", Go: "1.18", Trimpath: true})
}

func TestOpenPrograms(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			assert.True(t, IsGo(r))
			minor, err := f.GoMinor()
			require.NoError(t, err)
			assert.Equal(t, b.Go, "1."+strconv.Itoa(minor))
			assert.True(t, strings.HasPrefix(f.GoVersion(), "go"+b.Go+"."), f.GoVersion())
			assert.Equal(t, b.PIE, f.PIE())
			assert.Equal(t, "example.com/httpserver", f.BuildInfo().Main.Path)
			want := "amd64"
			if b.GOARCH != "" {
				want = b.GOARCH
			}
			assert.Equal(t, want, f.Arch().String())
			// The linker makes a GNU build ID itself since 1.24; before, only
			// the C compiler asks for one.
			pattern := `^[0-9a-f]{40}$`
			if minor < 24 && !b.Static {
				pattern = `^[\w-]{20}/[\w-]{20}/[\w-]{20}/[\w-]{20}$`
			}
			assert.Regexp(t, pattern, f.BuildID())
		})
	}
}

func TestIsGo(t *testing.T) {
	for path, want := range map[string]bool{"/proc/self/exe": true, "/bin/sh": false, "/etc/passwd": false} {
		r, err := os.Open(path)
		require.NoError(t, err)
		defer r.Close()
		assert.Equal(t, want, IsGo(r), path)
		_, err = Open(r)
		assert.Equal(t, want, err == nil, path)
		assert.Equal(t, !want, isForeign(err), path)
	}
}

// goFunction matches functions that were written in Go: not those that are
// made for types, nor those of C, nor the sections of C objects. What is written
// in assembly has .abi0 in its symbol alone, and type arguments are shortened in
// the pclntab.
var goFunction = regexp.MustCompile(`^[\w/%-]+(\.[\w*()-]+)+$`)

// goSymbols returns the functions of the symbol table that the pclntab should
// have under the same name.
func goSymbols(t *testing.T, r io.ReaderAt) (functions []elf.Symbol, addresses map[string]uint64) {
	t.Helper()
	file, err := elf.NewFile(r)
	require.NoError(t, err)
	symbols, err := file.Symbols()
	require.NoError(t, err)
	addresses = make(map[string]uint64)
	for _, s := range symbols {
		addresses[s.Name] = s.Value
	}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_FUNC && s.Value >= addresses["runtime.text"] && s.Value < addresses["runtime.etext"] &&
			s.Size > 0 && goFunction.MatchString(s.Name) && !strings.HasSuffix(s.Name, ".abi0") {
			functions = append(functions, s)
		}
	}
	return functions, addresses
}

func TestFunctionsAreThoseOfTheSymbolTable(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			symbols, _ := goSymbols(t, r)
			require.Greater(t, len(symbols), 3000)
			var names []string
			for _, s := range symbols {
				names = append(names, s.Name)
			}
			found, err := f.Functions(names...)
			require.NoError(t, err)
			for _, s := range symbols {
				i := slices.IndexFunc(found[s.Name], func(fn Function) bool { return fn.Entry == s.Value })
				if !assert.GreaterOrEqual(t, i, 0, "%s at %#x", s.Name, s.Value) {
					return
				}
				size := found[s.Name][i].End - s.Value
				assert.LessOrEqual(t, s.Size, size, s.Name)
				assert.Less(t, size, s.Size+64, "%s: padding", s.Name)
			}
		})
	}
}

func TestModuleDataIsThatOfTheSymbolTable(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			_, address := goSymbols(t, r)
			d, err := f.moduleData()
			require.NoError(t, err)
			for name, got := range map[string]uint64{
				"runtime.firstmoduledata": d.addr,
				"runtime.text":            d.text,
				"runtime.etext":           d.etext,
				"runtime.types":           d.types,
				"runtime.etypes":          d.etypes,
				"runtime.rodata":          d.rodata,
			} {
				want, ok := address[name]
				assert.True(t, ok, name)
				assert.Equal(t, want, got, name)
			}
			if minor, _ := f.GoMinor(); minor >= 27 {
				assert.Zero(t, d.typelinks)
				assert.Greater(t, d.typedesclen, uint64(100_000))
				assert.Equal(t, d.etypes, d.itabs+d.itabsSize)
			} else {
				assert.Equal(t, address["runtime.typelink"], d.typelinks.addr)
				assert.Greater(t, d.typelinks.len, uint64(1000))
				assert.Equal(t, address["runtime.itablink"], d.itablinks.addr)
				assert.Greater(t, d.itablinks.len, uint64(200))
			}
		})
	}
}

// inlinedOfDWARF returns the functions that DWARF says are inlined somewhere,
// and some that it says are not.
func inlinedOfDWARF(t *testing.T, r io.ReaderAt) (inlined, others []string) {
	t.Helper()
	file, err := elf.NewFile(r)
	require.NoError(t, err)
	data, err := file.DWARF()
	require.NoError(t, err)
	names := make(map[dwarf.Offset]string)
	origins := make(map[dwarf.Offset]bool)
	entries := data.Reader()
	for {
		entry, err := entries.Next()
		require.NoError(t, err)
		if entry == nil {
			break
		}
		switch entry.Tag {
		case dwarf.TagSubprogram:
			if name, ok := entry.Val(dwarf.AttrName).(string); ok && !strings.Contains(name, "[") {
				names[entry.Offset] = name
			}
		case dwarf.TagInlinedSubroutine:
			if origin, ok := entry.Val(dwarf.AttrAbstractOrigin).(dwarf.Offset); ok {
				origins[origin] = true
			}
		}
	}
	for offset, name := range names {
		if origins[offset] {
			inlined = append(inlined, name)
		}
	}
	for _, name := range names {
		if !slices.Contains(inlined, name) {
			others = append(others, name)
		}
	}
	slices.Sort(inlined)
	return slices.Compact(inlined), others
}

var valueMethod = regexp.MustCompile(`\.(\w+)\.(\w+)$`)

func TestInlinedIsWhatDWARFSays(t *testing.T) {
	for _, b := range []targettest.Build{
		{Program: "httpserver", Go: "1.18"},
		{Program: "httpserver", Go: "1.19", PIE: true},
		{Program: "httpserver", Go: "1.20"},
		{Program: "httpserver", Go: "1.23", PIE: true},
		{Program: "httpserver", Go: "1.26"},
		{Program: "httpserver", Go: "1.27"},
		{Program: "httpserver", Go: "1.27", GOARCH: "arm64"},
	} {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			f, r := openBuild(t, b)
			want, others := inlinedOfDWARF(t, r)
			require.Greater(t, len(want), 500)
			require.Greater(t, len(others), 1000)
			got, err := f.Inlined(append(slices.Clone(want), others...)...)
			require.NoError(t, err)
			missing := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return slices.Contains(got, name) })
			assert.Empty(t, missing)
			// DWARF up to Go 1.19 does not say what is inlined into the method of a
			// pointer that is made for the method of a value.
			for _, name := range got {
				if !slices.Contains(want, name) {
					made := valueMethod.ReplaceAllString(name, ".(*$1).$2")
					functions, err := f.Functions(made)
					require.NoError(t, err)
					assert.Len(t, functions[made], 1, name)
				}
			}
		})
	}
}

// A program whose dependencies are vendored in a GOPATH has them under longer
// import paths.
func TestFunctionsOfVendoredPackages(t *testing.T) {
	const name = "golang.org/x/net/http2.(*serverConn).serve"
	for _, c := range []struct {
		build targettest.Build
		want  string
	}{
		{targettest.Build{Program: "h2cserver", Go: "1.18"}, name},
		{targettest.Build{Program: "h2cserver", Go: "1.18", Vendor: true}, name},
		{targettest.Build{Program: "h2cserver", Go: "1.18", GOPATH: true}, "example.com/h2cserver/vendor/" + name},
	} {
		f, _ := openBuild(t, c.build)
		found, err := f.Functions(name)
		require.NoError(t, err)
		require.Len(t, found[name], 1, c.build)
		assert.Equal(t, c.want, found[name][0].Name)
	}
}

// Files that end early must give errors, wherever they end.
func TestTruncatedPrograms(t *testing.T) {
	_, r := openBuild(t, targettest.Build{Program: "httpserver", Go: "1.18", PIE: true, Strip: true})
	info, err := r.Stat()
	require.NoError(t, err)
	for part := range int64(64) {
		f, err := Open(io.NewSectionReader(r, 0, info.Size()*part/64))
		if err != nil {
			continue
		}
		_, err = f.Functions("main.main")
		require.Error(t, err, "%d/64", part)
		assert.False(t, errors.Is(err, ErrNotGo))
		_, err = f.Inlined("main.main")
		require.Error(t, err, "%d/64", part)
	}
}
