package bench

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// plot is a picture of lines in SVG, with axes that may be logarithmic.
type plot struct {
	title, x, y string
	logX, logY  bool
	lines       []curve
	marks       []float64 // instants, as upright lines
	// name writes a value of the x axis; nil: as a number.
	name func(float64) string
}

type curve struct {
	name   string
	points [][2]float64
}

const (
	plotWidth, plotHeight    = 860, 340
	left, right, top, bottom = 80, 190, 34, 44
)

// plotStyle is in each picture, so that it is one of its own.
const plotStyle = ".g{stroke:#ddd}.r{stroke:#d55e00;stroke-opacity:.25}.t{font:600 14px sans-serif}" +
	".m{font:11px sans-serif;text-anchor:middle}.e{font:11px sans-serif;text-anchor:end}.l{font:11px sans-serif}"

// colours tell curves apart, for people who see few of them, too (Okabe and Ito).
var colours = [...]string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"}

// scale maps values to one axis.
type scale struct {
	log      bool
	from, to float64
	a, b     float64 // where from and to are
}

func (s scale) at(v float64) float64 {
	if s.log {
		return s.a + (s.b-s.a)*(math.Log10(v)-math.Log10(s.from))/(math.Log10(s.to)-math.Log10(s.from))
	}
	return s.a + (s.b-s.a)*(v-s.from)/(s.to-s.from)
}

// marks are the values at which an axis is labelled.
func (s scale) marks() (all []float64) {
	if s.log {
		for e := math.Floor(math.Log10(s.from)); e <= math.Ceil(math.Log10(s.to)); e++ {
			if v := math.Pow(10, e); v >= s.from*0.999 && v <= s.to*1.001 {
				all = append(all, v)
			}
		}
		return all
	}
	step := math.Pow(10, math.Floor(math.Log10(s.to-s.from)))
	for (s.to-s.from)/step < 4 {
		step /= 2
	}
	for v := math.Ceil(s.from/step) * step; v <= s.to+step/1e6; v += step {
		all = append(all, v)
	}
	return all
}

// extent finds the ends of an axis.
func (p plot) extent(axis int, log bool) (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, c := range p.lines {
		for _, at := range c.points {
			if log && at[axis] <= 0 {
				continue
			}
			from, to = min(from, at[axis]), max(to, at[axis])
		}
	}
	switch {
	case from > to:
		return 1, 10
	case log:
		return math.Pow(10, math.Floor(math.Log10(from))), math.Pow(10, math.Ceil(math.Log10(to)+1e-9))
	case from == to:
		return from - 1, to + 1
	default:
		return min(0, from), to
	}
}

// svg draws it.
func (p plot) svg() string {
	var out strings.Builder
	x, y := scale{log: p.logX, a: left, b: plotWidth - right}, scale{log: p.logY, a: plotHeight - bottom, b: top}
	x.from, x.to = p.extent(0, p.logX)
	y.from, y.to = p.extent(1, p.logY)
	fmt.Fprintf(&out, `<svg viewBox="0 0 %d %d" role="img" xmlns="http://www.w3.org/2000/svg"><title>%s</title><style>%s</style><rect width="%d" height="%d" fill="#fff"/>`,
		plotWidth, plotHeight, html.EscapeString(p.title), plotStyle, plotWidth, plotHeight)
	fmt.Fprintf(&out, `<text x="%d" y="18" class="t">%s</text>`, left, html.EscapeString(p.title))
	for _, v := range x.marks() {
		name := digits(v)
		if p.name != nil {
			name = p.name(v)
		}
		fmt.Fprintf(&out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" class="g"/><text x="%.1f" y="%d" class="m">%s</text>`,
			x.at(v), top, x.at(v), plotHeight-bottom, x.at(v), plotHeight-bottom+16, name)
	}
	for _, v := range y.marks() {
		fmt.Fprintf(&out, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" class="g"/><text x="%d" y="%.1f" class="e">%s</text>`,
			left, y.at(v), plotWidth-right, y.at(v), left-6, y.at(v)+4, digits(v))
	}
	fmt.Fprintf(&out, `<text x="%d" y="%d" class="m">%s</text>`, (left+plotWidth-right)/2, plotHeight-8, html.EscapeString(p.x))
	fmt.Fprintf(&out, `<text x="14" y="%d" class="m" transform="rotate(-90 14 %d)">%s</text>`, plotHeight/2, plotHeight/2, html.EscapeString(p.y))
	for _, v := range p.marks {
		if v >= x.from && v <= x.to {
			fmt.Fprintf(&out, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" class="r"/>`, x.at(v), top, x.at(v), plotHeight-bottom)
		}
	}
	for i, c := range p.lines {
		colour := colours[i%len(colours)]
		var points []string
		for _, at := range c.points {
			if (p.logX && at[0] <= 0) || (p.logY && at[1] <= 0) {
				continue
			}
			points = append(points, fmt.Sprintf("%.1f,%.1f", x.at(at[0]), y.at(at[1])))
		}
		fmt.Fprintf(&out, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.6"/>`, strings.Join(points, " "), colour)
		fmt.Fprintf(&out, `<text x="%d" y="%d" fill="%s" class="l">%s</text>`, plotWidth-right+10, top+14+18*i, colour, html.EscapeString(c.name))
	}
	out.WriteString("</svg>\n")
	return out.String()
}

func digits(v float64) string {
	switch {
	case math.Abs(v) >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case math.Abs(v) >= 1e3:
		return fmt.Sprintf("%gk", v/1e3)
	default:
		return fmt.Sprintf("%.3g", v)
	}
}
