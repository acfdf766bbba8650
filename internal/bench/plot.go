// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is lines over an axis, as SVG. It is drawn on a background of its own, so that it reads on any page.
type plot struct {
	Title  string
	X, Y   string // what the axes are
	Log    bool   // the x axis, whose values are then at least 1
	Series []series
}

// series is a line with its name.
type series struct {
	Name   string
	Points []plotted
}

// plotted is a measurement, with the least and the greatest of its spread.
type plotted struct{ X, Y, Low, High float64 }

func plotSpread(x float64, s spread) plotted {
	low, high := s.bounds()
	return plotted{x, s.Median(), low, high}
}

// The places in a plot, in pixels.
const (
	plotWidth, plotHeight = 720, 360
	plotLeft, plotRight   = 70, 20
	plotTop, plotBottom   = 70, 56
)

// plotColours tell lines apart on a light background, also for those who do not tell red from green.
var plotColours = []string{"#0072b2", "#d55e00", "#44505c", "#009e73"}

// svg draws the plot.
func (p plot) svg() string {
	var b strings.Builder
	canvas(&b, p.Title, plotHeight)
	p.axes(&b)
	for i, s := range p.Series {
		p.line(&b, i, s)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p plot) axes(b *strings.Builder) {
	const bottom, right = plotHeight - plotBottom, plotWidth - plotRight
	b.WriteString(`  <g fill="#44505c" font-size="12">` + "\n")
	for _, tick := range ticks(p.top()) {
		y := p.y(tick)
		fmt.Fprintf(b, `    <path d="M%d %.1f H%d" stroke="#dde3e9"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n",
			plotLeft, y, right, plotLeft-8, y+4, plainNumber(tick))
	}
	for _, x := range p.values() {
		fmt.Fprintf(b, `    <path d="M%.1f %d v5" stroke="#7a8591"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n",
			p.x(x), bottom, p.x(x), bottom+20, plainNumber(x))
	}
	fmt.Fprintf(b, `    <text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", (plotLeft+right)/2, plotHeight-14, html.EscapeString(p.X))
	fmt.Fprintf(b, `    <text transform="translate(20 %d) rotate(-90)" text-anchor="middle">%s</text>`+"\n", (plotTop+bottom)/2, html.EscapeString(p.Y))
	b.WriteString("  </g>\n")
	fmt.Fprintf(b, `  <path d="M%d %d V%d H%d" fill="none" stroke="#7a8591"/>`+"\n", plotLeft, plotTop, bottom, right)
}

func (p plot) line(b *strings.Builder, number int, s series) {
	colour := plotColours[number%len(plotColours)]
	fmt.Fprintf(b, `  <g stroke="%s" fill="none">`+"\n", colour)
	var path strings.Builder
	for i, point := range s.Points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f ", command, p.x(point.X), p.y(point.Y))
		fmt.Fprintf(b, `    <path d="M%.1f %.1f V%.1f" stroke-width="1"/><circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`+"\n",
			p.x(point.X), p.y(point.Low), p.y(point.High), p.x(point.X), p.y(point.Y), colour)
	}
	fmt.Fprintf(b, `    <path d="%s" stroke-width="2"/>`+"\n  </g>\n", strings.TrimSpace(path.String()))
	legend(b, number, s.Name)
}

// canvas begins an image with its background and title.
func canvas(b *strings.Builder, title string, height int) {
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="Helvetica, Arial, sans-serif" font-size="13">`+"\n",
		plotWidth, height, plotWidth, height)
	fmt.Fprintf(b, "  <title>%s</title>\n", html.EscapeString(title))
	fmt.Fprintf(b, `  <rect x="1" y="1" width="%d" height="%d" rx="6" fill="#fbfcfd" stroke="#7a8591"/>`+"\n", plotWidth-2, height-2)
	fmt.Fprintf(b, `  <text x="%d" y="26" fill="#1c2733" font-weight="bold">%s</text>`+"\n", plotLeft, html.EscapeString(title))
}

// legend names a colour, below the title.
func legend(b *strings.Builder, number int, name string) {
	const width = (plotWidth - plotLeft - plotRight) / 3
	x := plotLeft + number*width
	fmt.Fprintf(b, `  <path d="M%d 48 h20" stroke="%s" stroke-width="4"/><text x="%d" y="52" fill="#1c2733">%s</text>`+"\n",
		x, plotColours[number%len(plotColours)], x+26, html.EscapeString(name))
}

func (p plot) x(value float64) float64 {
	low, high := p.values()[0], p.values()[len(p.values())-1]
	if p.Log {
		value, low, high = math.Log(value), math.Log(low), math.Log(high)
	}
	const margin = 20 // between the y axis and the first value
	if high == low {
		return plotLeft + margin
	}
	return plotLeft + margin + (value-low)/(high-low)*(plotWidth-plotRight-plotLeft-2*margin)
}

func (p plot) y(value float64) float64 {
	return plotHeight - plotBottom - max(0, value)/p.top()*(plotHeight-plotBottom-plotTop)
}

// values are those on the x axis, which all series have.
func (p plot) values() (values []float64) {
	for _, point := range p.Series[0].Points {
		values = append(values, point.X)
	}
	return values
}

// top is the greatest value of the y axis, which begins at 0.
func (p plot) top() (top float64) {
	for _, s := range p.Series {
		for _, point := range s.Points {
			top = max(top, point.High)
		}
	}
	return max(top, 1e-6) * 1.05
}

// ticks are round numbers from 0 to a greatest one.
func ticks(top float64) (list []float64) {
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for _, divisor := range []float64{1, 2, 5} {
		if top/(step/divisor) >= 4 {
			step /= divisor
			break
		}
	}
	for value := 0.0; value <= top; value += step {
		list = append(list, value)
	}
	return list
}

// plainNumber writes a number as people do.
func plainNumber(n float64) string {
	if n >= 1000 {
		return thousands(n)
	}
	return fmt.Sprintf("%.4g", n)
}
