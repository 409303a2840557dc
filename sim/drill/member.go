package drill

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// The end of a drill file is a txtar archive: "-- NAME --", and below it the content. Content that is not text, or
// that does not end with a line's end, stands in base64 below "-- NAME base64 --".

const (
	base64Mark   = " base64"
	memberColumn = len("-- ") + 1
	base64Width  = 76 // the line length of RFC 2045, section 6.8
)

// files decodes the members behind text, which has so many lines. The second result is each one's line.
func (p *parser) files(members []txtar.File, lines int) (files []File, places []int) {
	for _, m := range members {
		lines++
		place := lines
		lines += bytes.Count(m.Data, []byte("\n"))
		name, coded := strings.CutSuffix(m.Name, base64Mark)
		f := File{Name: strings.TrimSpace(name), Data: append([]byte{}, m.Data...)}
		if !isFileName(f.Name) {
			p.mistakef(place, memberColumn, "file name %q: want letters, digits, \".\", \"_\", \"-\" and \"/\", and behind it nothing but %q", m.Name, base64Mark[1:])
			continue
		}
		if hasFile(files, f.Name) {
			p.mistakef(place, memberColumn, "file %q stands here twice: rename one", f.Name)
			continue
		}
		if coded {
			data, err := base64.StdEncoding.Strict().DecodeString(string(bytes.Join(bytes.Fields(m.Data), nil)))
			if err != nil {
				p.mistakef(place, memberColumn, "file %q is not base64 (%v): write it as base64 -w %d does", f.Name, err, base64Width)
			}
			f.Data = data
		}
		files, places = append(files, f), append(places, place)
	}
	return files, places
}

func hasFile(files []File, name string) bool {
	_, ok := (&Drill{Files: files}).File(name)
	return ok
}

// isFileName reports whether text may name a file.
func isFileName(text string) bool {
	for i := 0; i < len(text); i++ {
		if c := text[i]; !isLetter(c) && !isDigit(c) && !strings.ContainsRune("._-/", rune(c)) {
			return false
		}
	}
	return text != ""
}

// member returns the file as it is written.
func (f File) member() txtar.File {
	m := txtar.File{Name: f.Name, Data: f.Data}
	if f.isText() {
		return m
	}
	m.Name += base64Mark
	coded := base64.StdEncoding.EncodeToString(f.Data)
	m.Data = nil
	for len(coded) > 0 {
		n := min(len(coded), base64Width)
		m.Data = append(append(m.Data, coded[:n]...), '\n')
		coded = coded[n:]
	}
	return m
}

// isText reports whether the content can be read as it is, and comes back the same.
func (f File) isText() bool {
	for _, r := range string(f.Data) {
		if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
			return false
		}
	}
	if !utf8.Valid(f.Data) {
		return false
	}
	again := txtar.Parse(txtar.Format(&txtar.Archive{Files: []txtar.File{{Name: f.Name, Data: f.Data}}}))
	return len(again.Files) == 1 && bytes.Equal(again.Files[0].Data, f.Data)
}
