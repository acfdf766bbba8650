// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"html"
	"strings"
)

// bars are measurements with a name each, and a bar for each way in which they were made. They are drawn
// as a plot is.
type bars struct {
	Title, X string
	Ways     []string
	Groups   []group
}

// group is a measurement, made in all ways.
type group struct {
	Name   string
	Values []spread
}

const (
	barsLeft  = 250 // where the names end
	barHeight = 14
	groupGap  = 14
)

func (b bars) svg() string {
	var out strings.Builder
	height := plotTop + len(b.Groups)*(len(b.Ways)*barHeight+groupGap) + plotBottom
	canvas(&out, b.Title, height)
	bottom := height - plotBottom
	out.WriteString(`  <g fill="#44505c" font-size="12">` + "\n")
	for _, tick := range ticks(b.top()) {
		fmt.Fprintf(&out, `    <path d="M%.1f %d V%d" stroke="#dde3e9"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			b.x(tick), plotTop, bottom, b.x(tick), bottom+20, plainNumber(tick))
	}
	fmt.Fprintf(&out, `    <text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n  </g>\n", (barsLeft+plotWidth-plotRight)/2, height-14, html.EscapeString(b.X))
	for way, name := range b.Ways {
		legend(&out, way, name)
	}
	y := plotTop + groupGap/2
	for _, g := range b.Groups {
		fmt.Fprintf(&out, `  <text x="%d" y="%d" text-anchor="end" fill="#1c2733" font-size="12">%s</text>`+"\n",
			barsLeft-8, y+len(b.Ways)*barHeight/2+4, html.EscapeString(g.Name))
		for way, value := range g.Values {
			low, high := value.bounds()
			middle := float64(y) + barHeight/2
			fmt.Fprintf(&out, `  <rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><path d="M%.1f %.1f H%.1f" stroke="#1c2733"/>`+"\n",
				barsLeft, y, b.x(value.Median())-barsLeft, barHeight-2, plotColours[way], b.x(low), middle-1, b.x(high))
			y += barHeight
		}
		y += groupGap
	}
	fmt.Fprintf(&out, `  <path d="M%d %d V%d" fill="none" stroke="#7a8591"/>`+"\n</svg>\n", barsLeft, plotTop, bottom)
	return out.String()
}

func (b bars) x(value float64) float64 {
	return barsLeft + max(0, value)/b.top()*(plotWidth-plotRight-barsLeft)
}

// top is the greatest value of the axis, which begins at 0.
func (b bars) top() (top float64) {
	for _, g := range b.Groups {
		for _, value := range g.Values {
			_, high := value.bounds()
			top = max(top, high)
		}
	}
	return max(top, 1e-6) * 1.05
}
