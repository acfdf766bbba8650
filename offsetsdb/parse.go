// SPDX-License-Identifier: Apache-2.0

package offsetsdb

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// header is the first line of a file.
const header = "offsetsdb 1"

// Bounds of a file, far above what the embedded one has.
const (
	maxFile     = 16 << 20
	maxLine     = 64 << 10
	maxModules  = 1 << 10
	maxVersions = 1 << 13
	maxFields   = 1 << 16
	maxSpans    = 1 << 20
	maxOffset   = 1 << 20
)

// Parse reads a database. An error names the file and the line. The name is for that alone.
func Parse(name string, r io.Reader) (*DB, error) {
	p := parser{db: &DB{modules: make(map[string][]*module)}}
	lines := bufio.NewScanner(io.LimitReader(r, maxFile+1))
	lines.Buffer(nil, maxLine)
	number, size := 0, 0
	for lines.Scan() {
		number++
		size += len(lines.Bytes()) + 1
		err := p.line(number, lines.Text())
		if err == nil && size > maxFile {
			err = fmt.Errorf("more than %d bytes", maxFile)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = fmt.Errorf("line of more than %d bytes", maxLine)
	}
	if err == nil && number == 0 {
		err = fmt.Errorf("the first line is not %q", header)
	}
	if err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, number+1, err)
	}
	return p.db, nil
}

// parser has what the lines so far say about those that follow.
type parser struct {
	db        *DB
	name      string // of module
	module    *module
	structure Field // without a name

	modules, fields, spans int // how many there are
}

// line takes one line.
func (p *parser) line(number int, line string) error {
	if number == 1 {
		if line != header {
			return fmt.Errorf("the first line is not %q", header)
		}
		return nil
	}
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(words[0], "#") {
		return nil
	}
	if p.module == nil && words[0] != "module" {
		return fmt.Errorf("%q comes before the first module", words[0])
	}
	if line[0] == '\t' {
		return p.field(words)
	}
	switch keyword, words := words[0], words[1:]; keyword {
	case "module":
		return p.startModule(words)
	case "versions":
		return p.versions(words)
	case "broken":
		return p.broken(words)
	case "struct":
		return p.startStruct(words)
	default:
		return fmt.Errorf("%q is none of module, versions, broken and struct; the line of a field starts with a tab", keyword)
	}
}

func (p *parser) startModule(words []string) error {
	if len(words) == 0 {
		return errors.New("module takes a path")
	}
	condition, err := parseCondition(words[1:])
	if err != nil {
		return err
	}
	p.name, p.structure = words[0], Field{}
	p.module = &module{
		condition: condition,
		index:     make(map[string]int),
		broken:    make(map[string]string),
		fields:    make(map[Field]*[len(arches)][]span),
	}
	for _, other := range p.db.modules[p.name] {
		if other.condition == condition {
			return fmt.Errorf("module %s is there twice", strings.Join(words, " "))
		}
	}
	if p.modules++; p.modules > maxModules {
		return fmt.Errorf("more than %d modules", maxModules)
	}
	p.db.modules[p.name] = append(p.db.modules[p.name], p.module)
	return nil
}

// versions takes a part of the list of measured versions.
func (p *parser) versions(words []string) error {
	m := p.module
	if len(m.fields) > 0 {
		return errors.New("versions come before the structs of their module")
	}
	for _, version := range words {
		if err := validVersion(p.name, version); err != nil {
			return fmt.Errorf("%q %w", version, err)
		}
		if last := len(m.versions) - 1; last >= 0 && CompareVersions(p.name, m.versions[last], version) >= 0 {
			return fmt.Errorf("version %s comes after %s", version, m.versions[last])
		}
		if len(m.versions) == maxVersions {
			return fmt.Errorf("more than %d versions", maxVersions)
		}
		m.index[version] = len(m.versions)
		m.versions = append(m.versions, version)
	}
	return nil
}

func (p *parser) broken(words []string) error {
	if len(words) < 2 {
		return errors.New("broken takes a version and a reason")
	}
	version := words[0]
	if err := validVersion(p.name, version); err != nil {
		return fmt.Errorf("%q %w", version, err)
	}
	_, measured := p.module.index[version]
	_, twice := p.module.broken[version]
	if measured || twice {
		return fmt.Errorf("version %s is there twice", version)
	}
	if len(p.module.broken) == maxVersions {
		return fmt.Errorf("more than %d versions", maxVersions)
	}
	p.module.broken[version] = strings.Join(words[1:], " ")
	return nil
}

func (p *parser) startStruct(words []string) error {
	if len(words) != 1 {
		return errors.New("struct takes one name, as in net/http.Request")
	}
	dot := strings.LastIndexByte(words[0], '.')
	if dot <= 0 || dot == len(words[0])-1 {
		return fmt.Errorf("%q is not a struct as in net/http.Request", words[0])
	}
	p.structure = Field{Package: words[0][:dot], Struct: words[0][dot+1:]}
	return nil
}

// field takes a field: its name, perhaps an architecture, and then offsets, each followed by
// the ranges of versions that have it.
func (p *parser) field(words []string) error {
	if p.structure.Struct == "" {
		return fmt.Errorf("field %s belongs to no struct", words[0])
	}
	field := p.structure
	field.Name, words = words[0], words[1:]
	spans := p.module.fields[field]
	if spans == nil {
		if p.fields == maxFields {
			return fmt.Errorf("more than %d fields", maxFields)
		}
		p.fields++
		spans = new([len(arches)][]span)
		p.module.fields[field] = spans
	}
	wanted := ""
	if len(words) > 0 && isArch(words[0]) {
		wanted, words = words[0], words[1:]
	}
	parsed, err := p.ranges(words)
	if err != nil {
		return fmt.Errorf("field %s: %w", field.Name, err)
	}
	for i, arch := range arches {
		if wanted != "" && wanted != arch {
			continue
		}
		if spans[i] != nil {
			return fmt.Errorf("field %s is there twice for %s", field.Name, arch)
		}
		spans[i] = parsed
	}
	return nil
}

func isArch(word string) bool {
	for _, arch := range arches {
		if word == arch {
			return true
		}
	}
	return false
}

// ranges takes offsets with their versions.
func (p *parser) ranges(words []string) ([]span, error) {
	var spans []span
	taken := make([]bool, len(p.module.versions))
	offset, used := uint32(0), true
	for i, word := range words {
		if value, ok, err := parseOffset(word); ok || err != nil {
			if err != nil {
				return nil, err
			}
			if !used {
				return nil, fmt.Errorf("no version has the offset before %q", word)
			}
			offset, used = value, false
			continue
		}
		if i == 0 {
			return nil, fmt.Errorf("%q is not an offset", word)
		}
		first, last, err := p.module.parseRange(word)
		if err != nil {
			return nil, err
		}
		for at := first; at <= last; at++ {
			if taken[at] {
				return nil, fmt.Errorf("version %s has two offsets", p.module.versions[at])
			}
			taken[at] = true
		}
		if p.spans == maxSpans {
			return nil, fmt.Errorf("more than %d ranges", maxSpans)
		}
		p.spans++
		spans = append(spans, span{uint16(first), uint16(last), offset})
		used = true
	}
	if len(spans) == 0 || !used {
		return nil, errors.New("an offset takes the versions that have it")
	}
	return spans, nil
}

// parseOffset takes an offset, "-" where there is no such field, or "?" where it is not proven.
func parseOffset(word string) (offset uint32, ok bool, err error) {
	switch word {
	case "-":
		return absent, true, nil
	case "?":
		return unproven, true, nil
	}
	if !numeric(word) {
		return 0, false, nil
	}
	value, err := strconv.ParseUint(word, 10, 32)
	if err != nil || value > maxOffset {
		return 0, true, fmt.Errorf("offset %s is larger than %d", word, maxOffset)
	}
	return uint32(value), true, nil
}

// parseRange takes "v1.2.0", "v1.2.0..v1.4.1", "..v1.4.1", "v1.2.0.." or "..".
func (m *module) parseRange(word string) (first, last int, err error) {
	if len(m.versions) == 0 {
		return 0, 0, errors.New("the module has no versions")
	}
	from, to, isRange := strings.Cut(word, "..")
	if !isRange {
		to = from
	}
	last = len(m.versions) - 1
	if from != "" {
		if first, err = m.at(from); err != nil {
			return 0, 0, err
		}
	}
	if to != "" {
		if last, err = m.at(to); err != nil {
			return 0, 0, err
		}
	}
	if first > last {
		return 0, 0, fmt.Errorf("range %s ends before it starts", word)
	}
	return first, last, nil
}

func (m *module) at(version string) (int, error) {
	at, ok := m.index[version]
	if !ok {
		return 0, fmt.Errorf("%q is not one of the versions of the module", version)
	}
	return at, nil
}
