// Copyright 2026 The Juju Secrets Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"strings"
)

// The sizes of the picture. It has two panels side by side. Each panel has
// space for its title above, for the vertical numbers on the left, and for the
// horizontal numbers below.
const (
	pictureWidth, pictureHeight = 860, 340
	panelWidth, panelHeight     = 330, 220
	panelTop, panelLeft         = 60, 60
	panelStep                   = 430
)

// head defines the colours. They are readable on light and on dark pages,
// because the background is transparent. The text is brighter if the reader
// prefers dark pages.
const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s">
<style>
  text { font: 12px system-ui, sans-serif; fill: #6e7781 }
  .title { font-size: 14px; font-weight: 600 }
  path { fill: none; stroke-width: 2; stroke-linejoin: round }
  .grid { stroke: #6e7781; stroke-opacity: .35; stroke-width: 1 }
  .operator { stroke: #1f7ae0 } .bare { stroke: #d9640b } .limit { stroke: #6e7781; stroke-dasharray: 5 4 }
  circle.operator { fill: #1f7ae0 } circle.bare { fill: #d9640b } circle.limit { display: none }
  @media (prefers-color-scheme: dark) { text { fill: #c9d1d9 } }
</style>
`

// line is one line of a panel, with a value for each size.
type line struct {
	class, name string
	values      []float64
}

// plot draws the time and the requests of an apply over the number of
// JujuSecrets.
func (r *results) plot() string {
	operator, bare := line{"operator", "operator", nil}, line{"bare", "bare program", nil}
	requests, bareRequests, limit := operator, bare, line{"limit", "limit", nil}
	var sizes []int
	for _, s := range r.sizes {
		sizes = append(sizes, s.n)
		operator.values = append(operator.values, mean(s.operator).Seconds())
		bare.values = append(bare.values, mean(s.bare).Seconds())
		requests.values = append(requests.values, float64(s.worst().beyondGrants()))
		bareRequests.values = append(bareRequests.values, float64(s.bare[0].beyondGrants()))
		limit.values = append(limit.values, s.requestLimit())
	}
	var picture strings.Builder
	fmt.Fprintf(&picture, head, pictureWidth, pictureHeight,
		"Seconds and requests to Juju of an apply, against the number of JujuSecrets")
	panel(&picture, panelLeft, "Seconds until all is in sync", sizes, operator, bare)
	panel(&picture, panelLeft+panelStep, "Requests to Juju, without grants", sizes, requests, bareRequests, limit)
	picture.WriteString("</svg>\n")
	return picture.String()
}

// panel draws lines over sizes. Both axes are logarithmic, so that a cost
// proportional to the number of objects is a straight line.
func panel(out *strings.Builder, left float64, title string, sizes []int, lines ...line) {
	low, high := bounds(lines)
	x := func(size int) float64 {
		return left + panelWidth*share(float64(size), float64(sizes[0]), float64(sizes[len(sizes)-1]))
	}
	y := func(value float64) float64 { return panelTop + panelHeight*(1-share(max(value, low), low, high)) }
	fmt.Fprintf(out, "<text class=\"title\" x=\"%.0f\" y=\"20\">%s</text>\n", left, title)
	for _, factor := range []float64{1, 3} {
		for decade := low; decade*factor <= high; decade *= 10 {
			at := y(decade * factor)
			fmt.Fprintf(out, "<path class=\"grid\" d=\"M%.1f %.1fh%d\"/>", left, at, panelWidth)
			fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n", left-8, at+4, decade*factor)
		}
	}
	for _, size := range sizes {
		fmt.Fprintf(out, "<path class=\"grid\" d=\"M%.1f %dv%d\"/>", x(size), panelTop, panelHeight)
		fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
			x(size), panelTop+panelHeight+20, size)
	}
	fmt.Fprintf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">"+
		"JujuSecrets, and as many JujuSecretAccesses</text>\n", left+panelWidth/2, panelTop+panelHeight+44)
	for i, l := range lines {
		legend := left + float64(i)*125
		fmt.Fprintf(out, "<path class=\"%s\" d=\"M%.1f 38h22\"/><text x=\"%.1f\" y=\"42\">%s</text>\n",
			l.class, legend, legend+28, l.name)
		command := "M"
		var path, dots strings.Builder
		for j, value := range l.values {
			fmt.Fprintf(&path, "%s%.1f %.1f", command, x(sizes[j]), y(value))
			fmt.Fprintf(&dots, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>", l.class, x(sizes[j]), y(value))
			command = "L"
		}
		fmt.Fprintf(out, "<path class=\"%s\" d=\"%s\"/>%s\n", l.class, path.String(), dots.String())
	}
}

// bounds returns the powers of ten, or three times a power of ten, that enclose
// all values of the lines.
func bounds(lines []line) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range lines {
		for _, value := range l.values {
			if value > 0 {
				low, high = min(low, value), max(high, value)
			}
		}
	}
	low = math.Pow(10, math.Floor(math.Log10(low)))
	top := low
	for top < high {
		top *= 10
	}
	if 3*top/10 >= high {
		top = 3 * top / 10
	}
	return low, top
}

// share returns the position of a value between low and high, on a logarithmic
// scale.
func share(value, low, high float64) float64 {
	if low == high {
		return 0.5
	}
	return math.Log(value/low) / math.Log(high/low)
}
