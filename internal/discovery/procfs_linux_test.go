// SPDX-License-Identifier: Apache-2.0

package discovery

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A line as Linux 6.18 shows it; the name holds what may confuse a parser.
const statLine = "4711 (a) R 1 (b) S 1 4711 4711 0 -1 4194304 1006 0 0 0 1 2 0 0 20 0 9 0 123456 1259704320 1234 " +
	"18446744073709551615 4194304 6291456 140722384129696 0 0 0 0 0 2143420159 0 0 0 17 1 0 0 0 0 0 6508544 " +
	"6573216 858112000 140722384132096 140722384132112 140722384132112 140722384133097 0\n"

func TestParseStat(t *testing.T) {
	got, err := parseStat([]byte(statLine))
	require.NoError(t, err)
	assert.Equal(t, stat{loaded: true, start: 123456, stack: 140722384129696}, got)

	got, err = parseStat([]byte(strings.Replace(statLine, " 4194304 1006", " 4194368 1006", 1)))
	require.NoError(t, err)
	assert.True(t, got.forked)

	got, err = parseStat([]byte(strings.Replace(statLine, " 4194304 6291456 ", " 0 0 ", 1)))
	require.NoError(t, err)
	assert.False(t, got.loaded)

	for name, line := range map[string]string{
		"empty":      "",
		"no name":    strings.ReplaceAll(statLine, ")", ""),
		"too short":  statLine[:100],
		"no number":  strings.Replace(statLine, "123456", "12345x", 1),
		"name alone": "4711 (a)",
	} {
		_, err := parseStat([]byte(line))
		assert.Error(t, err, name)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(statLine))
	f.Fuzz(func(t *testing.T, line []byte) {
		if got, err := parseStat(line); err != nil {
			assert.Zero(t, got)
		}
	})
}

func TestParseEnviron(t *testing.T) {
	for content, want := range map[string]map[string]string{
		"":                     {},
		"A=1\x00":              {"A": "1"},
		"A=1\x00B=2=3\x00":     {"A": "1", "B": "2=3"},
		"A=1\x00A=2\x00":       {"A": "1"},
		"A=\x00":               {"A": ""},
		"NOVALUE\x00":          {"NOVALUE": ""},
		"A=1\x00CUT=of":        {"A": "1"},
		"\x00\x00A=1\x00\x00x": {"": "", "A": "1"},
	} {
		assert.Equal(t, want, parseEnviron([]byte(content)), "%q", content)
	}
}

func FuzzParseEnviron(f *testing.F) {
	f.Add([]byte("A=1\x00B=2\x00"))
	f.Fuzz(func(t *testing.T, content []byte) {
		assert.LessOrEqual(t, len(parseEnviron(content)), bytes.Count(content, []byte{0}))
	})
}

func TestReadIsBounded(t *testing.T) {
	files := fabricate(t, 4711, map[string]string{"environ": strings.Repeat("A=1\x00", maxEnviron)})
	content, err := files.read(4711, "environ", maxEnviron)
	require.NoError(t, err)
	assert.Len(t, content, maxEnviron)
}

func TestExecutablePath(t *testing.T) {
	for name, test := range map[string]struct{ exe, root, want string }{
		"plain":             {"/srv/app", "/", "/srv/app"},
		"deleted":           {"/srv/app (deleted)", "/", "/srv/app"},
		"changed root":      {"/srv/jail/bin/app", "/srv/jail", "/bin/app"},
		"root with a name":  {"/srv/jailbreak/app", "/srv/jail", "/srv/jailbreak/app"},
		"outside its root":  {"/opt/app", "/srv/jail", "/opt/app"},
		"deleted, new root": {"/srv/jail/app (deleted)", "/srv/jail", "/app"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "4711")
			require.NoError(t, os.Mkdir(folder, 0o755))
			require.NoError(t, os.Symlink(test.exe, filepath.Join(folder, "exe")))
			require.NoError(t, os.Symlink(test.root, filepath.Join(folder, "root")))
			got, err := procFS(filepath.Dir(folder)).executablePath(4711)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestNamespacePID(t *testing.T) {
	files := fabricate(t, 4711, map[string]string{"status": "Name:\tapp\nNSpid:\t4711\t12\t1\nNSpgid:\t4711\n"})
	got, err := files.namespacePID(4711)
	require.NoError(t, err)
	assert.Equal(t, 1, got)

	for _, status := range []string{"", "Name:\tapp\n", "NSpid:\n", "NSpid:\tx\n"} {
		_, err := fabricate(t, 4711, map[string]string{"status": status}).namespacePID(4711)
		assert.Error(t, err, "%q", status)
	}
}

// fabricate makes a proc file system with one process, which executes the test
// binary.
func fabricate(t testing.TB, pid int, files map[string]string) procFS {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, strconv.Itoa(pid))
	require.NoError(t, os.Mkdir(folder, 0o755))
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Symlink(self, filepath.Join(folder, "exe")))
	require.NoError(t, os.Symlink("/", filepath.Join(folder, "root")))
	for name, content := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644))
	}
	return procFS(root)
}
