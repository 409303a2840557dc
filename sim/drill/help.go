package drill

import (
	"strings"

	"github.com/gatedrill/gatedrill/fakeupstream"
)

const helpWidth = 100

// Help returns the reference of the language: every verb with its options, every setting and every answer that an
// upstream can give. It is made from what reads them, so that it cannot say anything else.
func Help() string {
	var h help
	h.paragraph("", "A drill is one story about a gateway. A step is one line and begins with a verb. Indented lines belong to the step above. "+
		"A line that begins with # is prose. A line that begins with => says what is to be observed of the step above; "+
		"\"=> nothing\" says that nothing is, and a step without any is not compared. "+
		"Units are always written (5s, 64KiB), hosts end in .invalid, and text with spaces stands in quotes, as in Go. "+
		"What stands in quotes is taken as it is, even where it is malformed. "+
		"Files at the end of the text, below \"-- NAME --\", are what @NAME refers to; \"-- NAME base64 --\" is one that is not text.")
	for _, v := range Verbs() {
		h.verb(v)
	}
	h.title("Answers that an upstream can give")
	for _, f := range fakeupstream.Forms() {
		h.form(Form{f.Text, f.Doc})
		if f.Example != "" {
			h.line("            " + f.Example)
		}
	}
	return h.String()
}

type help struct{ strings.Builder }

func (h *help) line(text string) {
	h.WriteString(strings.TrimRight(text, " "))
	h.WriteByte('\n')
}

func (h *help) title(text string) {
	h.line("")
	h.line(text)
}

func (h *help) verb(v Verb) {
	h.title(v.Usage[0])
	for _, u := range v.Usage[1:] {
		h.line(u)
	}
	h.paragraph("    ", v.Doc)
	for _, o := range v.Options {
		h.form(o)
	}
	h.line("")
	for _, line := range strings.Split(v.Example, "\n") {
		h.line("        " + line)
	}
}

func (h *help) form(f Form) {
	h.line("    " + f.Text)
	h.paragraph("        ", f.Doc)
}

// paragraph wraps text at helpWidth, every line behind indent.
func (h *help) paragraph(indent, text string) {
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line) > len(indent) && runes(line)+1+runes(word) > helpWidth {
			h.line(line)
			line = indent
		}
		if len(line) > len(indent) {
			line += " "
		}
		line += word
	}
	h.line(line)
}
