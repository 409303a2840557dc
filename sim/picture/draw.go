package picture

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"time"
)

// In pixels. A character of the monospaced font is about 6.6 wide at 11.
const (
	timeWidth = 84
	laneWidth = 250
	headSpace = 86
	charWidth = 6.7
	minLanes  = 3
)

// heights of rows, by kind.
var heights = map[kind]float64{stepRow: 34, arrowRow: 26, askRow: 42, noteRow: 22, wrongRow: 22}

// colours are told apart by people who see few of them, too (Okabe and Ito).
var colours = map[tone]string{plain: "#0072b2", good: "#009e73", bad: "#d55e00"}

const wrongColour = "#b00020"

const style = `text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#222}.h{font:600 16px sans-serif}.a{font:13px sans-serif;fill:#555}` +
	`.n{font:600 13px sans-serif;text-anchor:middle}.s{font-weight:600}.t{fill:#777;text-anchor:end}.m{text-anchor:middle}.lane{stroke:#ccc;stroke-dasharray:2 4}.note{fill:#f1f5f9;stroke:#d5dde5}`

// canvas is a picture as it grows.
type canvas struct {
	strings.Builder
	scene scene
	width float64
	y     float64
}

func draw(s scene) string {
	c := &canvas{scene: s, y: headSpace}
	c.width = timeWidth + laneWidth*float64(max(len(s.lanes), minLanes)) + 20
	height := headSpace + 24.0
	for _, r := range s.rows {
		height += heights[r.kind]
	}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img">`+"\n", c.width, height, c.width, height)
	fmt.Fprintf(c, "<title>%s</title>\n<style>%s</style>\n", html.EscapeString(s.title), style)
	c.WriteString(`<defs><marker id="p" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="context-stroke"/></marker></defs>` + "\n")
	fmt.Fprintf(c, `<rect width="%g" height="%g" fill="#fff"/>`+"\n", c.width, height)
	c.head(height)
	last := time.Duration(-1)
	for _, r := range s.rows {
		if r.kind == stepRow {
			c.step(r, &last)
		} else {
			c.row(r)
		}
		c.y += heights[r.kind]
	}
	c.WriteString("</svg>\n")
	return c.String()
}

// head has the title, and a line from top to bottom for everyone.
func (c *canvas) head(height float64) {
	mark, colour := "passed", colours[good]
	if c.scene.failed {
		mark, colour = "failed", wrongColour
	}
	fmt.Fprintf(c, `<text class="h" x="12" y="26">%s</text><text class="h" x="%g" y="26" text-anchor="end" style="fill:%s">%s</text>`+"\n",
		html.EscapeString(c.scene.title), c.width-14, colour, mark)
	c.text("a", 12, 46, c.scene.about, c.width-24)
	for i, name := range c.scene.lanes {
		x := c.lane(i)
		fmt.Fprintf(c, `<line class="lane" x1="%g" y1="%d" x2="%g" y2="%g"/>`+"\n", x, headSpace-8, x, height-10)
		c.text("n", x, headSpace-14, name, laneWidth)
	}
}

func (c *canvas) lane(i int) float64 { return timeWidth + laneWidth*(float64(i)+0.5) }

func (c *canvas) laneOf(name string) float64 { return c.lane(slices.Index(c.scene.lanes, name)) }

// step is a line of the drill, with the time when it is another one.
func (c *canvas) step(r row, last *time.Duration) {
	fmt.Fprintf(c, `<line x1="0" y1="%g" x2="%g" y2="%g" stroke="#e5e7eb"/>`+"\n", c.y+8, c.width, c.y+8)
	if at := r.at.Round(time.Millisecond); at != *last {
		*last = at
		c.text("t", timeWidth-12, c.y+24, at.String(), timeWidth)
	}
	c.text("s", timeWidth, c.y+24, r.label, c.width-timeWidth-10)
}

func (c *canvas) row(r row) {
	colour := colours[r.tone]
	mark := ""
	if r.wrong || r.kind == wrongRow {
		colour, mark = wrongColour, "✗ "
	}
	switch r.kind {
	case noteRow:
		x, wide := c.lane(c.scene.gateway), min(float64(len([]rune(mark+r.label)))*charWidth+16, c.width-timeWidth)
		from := max(x-wide/2, timeWidth)
		fmt.Fprintf(c, `<rect class="note" x="%g" y="%g" width="%g" height="18" rx="4"/>`+"\n", from, c.y+2, wide)
		c.coloured("m", from+wide/2, c.y+15, mark+r.label, wide, r.wrong)
	case wrongRow:
		c.coloured("", timeWidth, c.y+15, mark+r.label, c.width-timeWidth-10, true)
	case askRow:
		from, to := c.laneOf(r.from), c.laneOf(r.to)
		c.arrow(from, to, c.y+18, mark+r.label, colours[plain], r.wrong)
		c.arrow(to, from, c.y+36, r.answer, colour, r.wrong)
	default:
		c.arrow(c.laneOf(r.from), c.laneOf(r.to), c.y+20, mark+r.label, colour, r.wrong)
	}
}

// arrow has its label above it.
func (c *canvas) arrow(from, to, y float64, label, colour string, wrong bool) {
	if wrong {
		colour = wrongColour
	}
	gap := 3.0
	if to < from {
		gap = -gap
	}
	fmt.Fprintf(c, `<line x1="%g" y1="%g" x2="%g" y2="%g" stroke="%s" stroke-width="1.5" marker-end="url(#p)"/>`+"\n", from+gap, y, to-gap, y, colour)
	c.coloured("m", (from+to)/2, y-5, label, max(from, to)-min(from, to)-12, wrong)
}

func (c *canvas) coloured(class string, x, y float64, text string, width float64, wrong bool) {
	colour := ""
	if wrong {
		colour = ` style="fill:` + wrongColour + `"`
	}
	c.styled(class, x, y, text, width, colour)
}

func (c *canvas) text(class string, x, y float64, text string, width float64) {
	c.styled(class, x, y, text, width, "")
}

// styled writes a text, shortened to a width; the whole of it appears under the pointer.
func (c *canvas) styled(class string, x, y float64, text string, width float64, more string) {
	short, whole := []rune(text), ""
	if n := int(width / charWidth); len(short) > n && n > 1 {
		short, whole = append(short[:n-1:n-1], '…'), "<title>"+html.EscapeString(text)+"</title>"
	}
	fmt.Fprintf(c, `<text class="%s" x="%g" y="%g"%s>%s%s</text>`+"\n", class, x, y, more, whole, html.EscapeString(string(short)))
}
