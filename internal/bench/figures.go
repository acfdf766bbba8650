// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// figure is an image of the document with the name of its file.
type figure struct {
	File  string
	image interface{ svg() string }
}

// figures are the plots of what was measured.
func (r *report) figures() (list []figure) {
	if len(r.Requests) > 0 {
		list = append(list, figure{"performance-requests.svg", r.requestBars()})
	}
	if c := r.Concurrency; c != nil {
		list = append(list, figure{"performance-concurrency.svg", c.plot("What tracing adds to a request, over concurrency", "clients with one request each at a time (logarithmic)", true)})
	}
	if c := r.Headers; c != nil {
		list = append(list, figure{"performance-headers.svg", c.plot("What tracing adds to a request, over its headers", "headers besides the usual five", false)})
	}
	if len(r.Fleets) > 0 {
		list = append(list,
			figure{"performance-processes.svg", r.fleetPlot("What tracing adds to a request, over the number of targets", "µs of processor time", func(p fleetPoint) spread { return p.Added() })},
			figure{"performance-start.svg", r.fleetPlot("From the start of the collector until all targets are traced", "s", func(p fleetPoint) spread { return p.Start.All })})
	}
	return list
}

func (r *report) requestBars() bars {
	b := bars{Title: "What tracing adds to a request", X: "µs of processor time", Ways: []string{"ebpfgo", "SDK and OTLP"}}
	for _, m := range r.Requests {
		c := m.Saturated()
		b.Groups = append(b.Groups, group{m.Name, []spread{c.Added(), c.SDKAdded()}})
	}
	return b
}

func (c *curve) plot(title, x string, log bool) plot {
	p := plot{Title: title, X: x, Y: "µs of processor time", Log: log}
	for _, line := range []struct {
		name  string
		value func(point) spread
	}{{"ebpfgo", point.Added}, {"SDK and OTLP", point.SDKAdded}, {"the request, untraced", point.Untraced}} {
		s := series{Name: line.name}
		for _, point := range c.Points {
			s.Points = append(s.Points, plotSpread(float64(point.X), line.value(point)))
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// fleetPlot has a line for the processes of one executable, and one for those of several.
func (r *report) fleetPlot(title, y string, value func(fleetPoint) spread) plot {
	p := plot{Title: title, X: "processes that are traced (logarithmic)", Y: y, Log: true}
	half := len(r.Fleets) / 2
	for i, points := range [][]fleetPoint{r.Fleets[:half], r.Fleets[half:]} {
		s := series{Name: []string{"of one executable", fmt.Sprintf("of up to %d executables", r.Plan.executables)}[i]}
		for _, point := range points {
			s.Points = append(s.Points, plotSpread(float64(point.X), value(point)))
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// draw writes the plots into a folder.
func (r *report) draw(folder string) error {
	for _, f := range r.figures() {
		if err := os.WriteFile(filepath.Join(folder, f.File), []byte(f.image.svg()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
