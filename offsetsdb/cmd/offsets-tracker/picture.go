// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/ebpfgo/ebpfgoreceiver/offsetsdb"
)

// Sizes of the picture, in pixels.
const (
	pictureWidth  = 960
	pictureMargin = 20
	stripHeight   = 112 // of a module: its name, its bars, its axis
	barsTop       = 24
	barsHeight    = 56
	barWidth      = 10 // at most
	labelWidth    = 56 // of a version on the axis
)

const pictureHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">
<style>
text { fill: #24292f } .note { fill: #57606a } .axis { stroke: #8c959f } .moved { fill: #cf222e } .new { fill: #a5c8f0 } .same { fill: #afb8c1 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .note { fill: #9198a1 } .new { fill: #1f6feb } .moved { fill: #f85149 } .same { fill: #484f58 } }
</style>
<text x="%d" y="24" font-size="16">Fields that we read, by the version in which they moved</text>
<text x="%d" y="44" class="note">Each column is a version. Red: fields at another offset than in the version before. Blue: fields that it has first, or not any more.</text>
`

// draw shows how often the fields of each module have moved, as SVG.
func draw(table *offsetsdb.Table) string {
	var b strings.Builder
	y := 60
	for _, name := range table.Modules() {
		if h := newHistory(table, name); len(h.steps) > 1 {
			h.draw(&b, y)
			y += stripHeight
		}
	}
	return fmt.Sprintf(pictureHead, pictureWidth, y, pictureMargin, pictureMargin) + b.String() + "</svg>\n"
}

// history is what became of a module's fields from version to version.
type history struct {
	name   string
	fields int
	moves  map[offsetsdb.Field]int
	steps  []step
}

// step is a version: how many fields it has elsewhere, and how many came or went.
type step struct {
	version       string
	moved, change int
}

func newHistory(table *offsetsdb.Table, name string) history {
	fields := table.Fields(name)
	h := history{name: name, fields: len(fields), moves: make(map[offsetsdb.Field]int)}
	var before map[offsetsdb.Field]uint32
	for _, version := range table.Versions(name) {
		now := table.Get(name, version).Offsets[architectures[0]]
		s := step{version: version}
		for _, field := range fields {
			from, ok := before[field]
			to, alsoOK := now[field]
			switch {
			case !ok || !alsoOK || from == to || from == offsetsdb.Unproven || to == offsetsdb.Unproven:
			case from == offsetsdb.NoField || to == offsetsdb.NoField:
				s.change++
			default:
				s.moved++
				h.moves[field]++
			}
		}
		h.steps = append(h.steps, s)
		before = now
	}
	return h
}

// draw draws the history from a height on.
func (h history) draw(b *strings.Builder, y int) {
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\"><tspan font-weight=\"bold\">%s</tspan> <tspan class=\"note\">%s</tspan></text>\n",
		pictureMargin, y+14, html.EscapeString(h.name), html.EscapeString(h.summary()))
	width := min(barWidth, float64(pictureWidth-2*pictureMargin)/float64(len(h.steps)))
	most := 1
	for _, s := range h.steps {
		most = max(most, s.moved+s.change)
	}
	base, labelled := y+barsTop+barsHeight, 0
	for i, s := range h.steps {
		x := pictureMargin + float64(i)*width
		if s.moved+s.change == 0 {
			h.bar(b, "same", x, base-2, width, 2, s)
		}
		moved, change := barsHeight*s.moved/most, barsHeight*s.change/most
		h.bar(b, "moved", x, base-moved, width, moved, s)
		h.bar(b, "new", x, base-moved-change, width, change, s)
		newMinor := i == 0 || minorVersion(s.version) != minorVersion(h.steps[i-1].version)
		if newMinor && int(x) >= labelled {
			fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" font-size=\"10\" class=\"note\">%s</text>\n", x, base+14, html.EscapeString(minorVersion(s.version)))
			labelled = int(x) + labelWidth
		}
	}
	fmt.Fprintf(b, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n",
		pictureMargin, base, pictureMargin+width*float64(len(h.steps)), base)
}

func (h history) bar(b *strings.Builder, class string, x float64, y int, width float64, height int, s step) {
	if height > 0 {
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>%s: %d moved, %d came or went</title></rect>\n",
			class, x, y, max(1, width-1), height, html.EscapeString(s.version), s.moved, s.change)
	}
}

// summary says how many fields moved, and which one did so most often.
func (h history) summary() string {
	text := fmt.Sprintf("%d versions, %d fields, %d of them moved", len(h.steps), h.fields, len(h.moves))
	var often []offsetsdb.Field
	for field, n := range h.moves {
		if len(often) == 0 || n > h.moves[often[0]] {
			often = often[:0]
		}
		if len(often) == 0 || n == h.moves[often[0]] {
			often = append(often, field)
		}
	}
	if len(often) == 0 {
		return text
	}
	slices.SortFunc(often, func(a, b offsetsdb.Field) int { return strings.Compare(a.String(), b.String()) })
	return fmt.Sprintf("%s, most often %s: %d times", text, often[0], h.moves[often[0]])
}

// minorVersion returns "go1.26" or "v1.60".
func minorVersion(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
