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
	nameHeight    = 28  // of a module where nothing has changed
	stripHeight   = 112 // of others: name, bars, axis
	barsTop       = 24
	barsHeight    = 56
	barWidth      = 10 // at most
	labelWidth    = 56 // of a version on the axis
)

const pictureHead = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="Helvetica, Arial, sans-serif" font-size="12">
<title>How often the fields that are read have moved in their structs</title>
<style>text { fill: #1c2733 } .note { fill: #5a6672 } .axis { stroke: #7a8591 } .moved { fill: #c8442f } .changed { fill: #7fa6cf } .same { fill: #c3cbd3 }</style>
<rect width="%[1]d" height="%[2]d" rx="6" fill="#f7f9fb"/>
<text x="%[3]d" y="26" font-size="16" font-weight="bold">How often the fields that are read have moved</text>
<text x="%[3]d" y="46" class="note">A column for each version; its height is the number of fields that are</text>
<rect class="moved" x="440" y="37" width="10" height="10"/><text x="455" y="46" class="note">elsewhere than in the version before,</text>
<rect class="changed" x="690" y="37" width="10" height="10"/><text x="705" y="46" class="note">new, or gone</text>
`

// draw shows how often the fields of each module have moved, as SVG.
func draw(table *offsetsdb.Table) string {
	var b strings.Builder
	y := 64
	for _, name := range table.Modules() {
		if h := newHistory(table, name); len(h.steps) > 1 {
			y += h.draw(&b, y)
		}
	}
	return fmt.Sprintf(pictureHead, pictureWidth, y, pictureMargin) + b.String() + "</svg>\n"
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
	version        string
	moved, changed int
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
				s.changed++
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

// draw draws the history at a height, and returns how much of it it takes.
func (h history) draw(b *strings.Builder, y int) int {
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\"><tspan font-weight=\"bold\">%s</tspan> <tspan class=\"note\">%s</tspan></text>\n",
		pictureMargin, y+14, html.EscapeString(h.name), html.EscapeString(h.summary()))
	if !slices.ContainsFunc(h.steps, func(s step) bool { return s.moved+s.changed > 0 }) {
		return nameHeight
	}
	width := min(barWidth, float64(pictureWidth-2*pictureMargin)/float64(len(h.steps)))
	most := 1
	for _, s := range h.steps {
		most = max(most, s.moved+s.changed)
	}
	base, labelled := y+barsTop+barsHeight, 0
	for i, s := range h.steps {
		x := pictureMargin + float64(i)*width
		if s.moved+s.changed == 0 {
			h.bar(b, "same", x, base-2, width, 2, s)
		}
		moved, changed := barsHeight*s.moved/most, barsHeight*s.changed/most
		h.bar(b, "moved", x, base-moved, width, moved, s)
		h.bar(b, "changed", x, base-moved-changed, width, changed, s)
		newMinor := i == 0 || minorVersion(s.version) != minorVersion(h.steps[i-1].version)
		if newMinor && int(x) >= labelled {
			fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" font-size=\"10\" class=\"note\">%s</text>\n", x, base+14, html.EscapeString(minorVersion(s.version)))
			labelled = int(x) + labelWidth
		}
	}
	fmt.Fprintf(b, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\"/>\n",
		pictureMargin, base, pictureMargin+width*float64(len(h.steps)), base)
	return stripHeight
}

func (h history) bar(b *strings.Builder, class string, x float64, y int, width float64, height int, s step) {
	if height > 0 {
		fmt.Fprintf(b, "<rect class=\"%s\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>%s: %d moved, %d came or went</title></rect>\n",
			class, x, y, max(1, width-1), height, html.EscapeString(s.version), s.moved, s.changed)
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
	return fmt.Sprintf("%s, most often %s (%d×)", text, often[0], h.moves[often[0]])
}

// minorVersion returns "go1.26" or "v1.60".
func minorVersion(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}
