package fakeupstream

import (
	"net/http"
	"slices"
)

// fields are the lines of a header, with names in canonical form. Lines of one name stand together; otherwise the order
// means nothing. A list of a dozen costs a fraction of what a map of them does, to make and to keep in the log.
type fields []HeaderField

func (f fields) index(name string) int {
	for i := range f {
		if f[i].Name == name {
			return i
		}
	}
	return -1
}

// get returns the first line of a name.
func (f fields) get(name string) string {
	if i := f.index(name); i >= 0 {
		return f[i].Value
	}
	return ""
}

// set puts one line in place of those of a name.
func (f *fields) set(name, value string) {
	i := f.index(name)
	if i < 0 {
		*f = append(*f, HeaderField{name, value})
		return
	}
	(*f)[i].Value = value
	*f = slices.Delete(*f, i+1, f.end(i))
}

// add puts a line behind those of a name.
func (f *fields) add(name, value string) {
	at := len(*f)
	if i := f.index(name); i >= 0 {
		at = f.end(i)
	}
	*f = slices.Insert(*f, at, HeaderField{name, value})
}

// del takes the lines of a name away.
func (f *fields) del(name string) {
	if i := f.index(name); i >= 0 {
		*f = slices.Delete(*f, i, f.end(i))
	}
}

// end is the index behind the lines that have the name of line i, the first of them.
func (f fields) end(i int) int {
	end := i + 1
	for end < len(f) && f[end].Name == f[i].Name {
		end++
	}
	return end
}

// replace changes the line of a name that has just one.
func (f fields) replace(name, value string) {
	if i := f.index(name); i >= 0 && f.end(i) == i+1 {
		f[i].Value = value
	}
}

// into puts the lines into a header, in place of what it has under their names. They share one array.
func (f fields) into(h http.Header) {
	lines := make([]string, len(f))
	for i := 0; i < len(f); {
		end := f.end(i)
		for k := i; k < end; k++ {
			lines[k] = f[k].Value
		}
		h[f[i].Name] = lines[i:end:end]
		i = end
	}
}

// http is the header as net/http has it; nil: there is none.
func (f fields) http() http.Header {
	if f == nil {
		return nil
	}
	h := make(http.Header, len(f))
	f.into(h)
	return h
}
