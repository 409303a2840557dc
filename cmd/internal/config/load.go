package config

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/proxy"
)

// Loaded is a file that was read, with everything that it refers to.
type Loaded struct {
	// Path is the file.
	Path string
	// File is what it says, overrides included.
	File File
	// Tokens, AdminToken and UpstreamProxy are secrets, as they are.
	Tokens        []string
	AdminToken    string
	UpstreamProxy string
	// Seal is the secret of the database's keys; "": they are plain.
	Seal string
	// Providers are the rows, with their keys.
	Providers []proxy.Provider
	// Rows are mistakes of single providers, which the gateway excludes.
	Rows []Mistake
	// Files are the file and those that secrets and certificates were read from, or could
	// not be; also after a mistake, since what is missing may come.
	Files []Stamp
}

// Stamp is a file as it was read.
type Stamp struct {
	Path string
	// Sum is of its bytes; zero when it could not be read.
	Sum [sha256.Size]byte
}

// ReadStamp reads a file, and says what it read.
func ReadStamp(path string) (text []byte, stamp Stamp, err error) {
	stamp.Path = path
	if text, err = os.ReadFile(path); err == nil {
		stamp.Sum = sha256.Sum256(text)
	}
	return text, stamp, err
}

// Options is how a file is read. The zero value works.
type Options struct {
	// LookupEnv finds environment variables; nil: os.LookupEnv.
	LookupEnv func(name string) (string, bool)
	// Overrides take the place of settings in the file, in their order.
	Overrides []Override
}

// Load reads a file and everything that it refers to. The result is never nil; the error
// is an *Error with every mistake but those of Rows, or one that wraps what kept the file
// from being read.
func Load(path string, o Options) (*Loaded, error) {
	l := &Loaded{Path: path}
	text, stamp, err := ReadStamp(path)
	l.Files = []Stamp{stamp}
	if err != nil {
		return l, fmt.Errorf("config: %w", err)
	}
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	var wrong mistakes
	root := parse(text, &wrong)
	if root == nil {
		return l, wrong.err(path)
	}
	for _, override := range o.Overrides {
		override.apply(root)
	}
	if err := validate(root, &wrong); err != nil {
		return l, err
	}
	r := &resolver{l: l, root: root, wrong: &wrong, lookup: o.LookupEnv, dir: filepath.Dir(path)}
	// What follows understands a value whose form is right, wherever something else's is
	// not, so that everything is said at once.
	r.decode(reflect.ValueOf(&l.File).Elem(), root, nil)
	r.check()
	return l, wrong.err(path)
}

// resolver follows what a file says to what it means.
type resolver struct {
	l      *Loaded
	root   *node
	wrong  *mistakes
	lookup func(string) (string, bool)
	dir    string
}

// decode sets v to what a node says. A value of another form than v's is left out: the
// schema has a mistake for it already. What only the type itself can tell, a range of
// addresses for example, is a mistake here.
func (r *resolver) decode(v reflect.Value, n *node, path []string) {
	if n == nil || n.value == nil {
		return
	}
	_, reads := v.Addr().Interface().(json.Unmarshaler)
	_, readsText := v.Addr().Interface().(interface{ UnmarshalText([]byte) error })
	switch m, isMapping := n.value.(*mapping); {
	case reads || readsText:
		r.decodeOwn(v, n, path)
	case v.Kind() == reflect.Pointer && isMapping:
		v.Set(reflect.New(v.Type().Elem()))
		r.decode(v.Elem(), n, path)
	case v.Kind() == reflect.Struct && isMapping:
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("json")
			r.decode(v.Field(i), m.values[name], append(slices.Clip(path), name))
		}
	case v.Kind() == reflect.Slice:
		items, ok := n.value.([]*node)
		if !ok {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			r.decode(v.Index(i), item, append(slices.Clip(path), index(i)))
		}
	default:
		setScalar(v, n.value)
	}
}

func setScalar(v reflect.Value, value any) {
	switch value := value.(type) {
	case string:
		if v.Kind() == reflect.String {
			v.SetString(value)
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(value)
		}
	case int64:
		if v.CanInt() && !v.OverflowInt(value) {
			v.SetInt(value)
		}
	}
}

// decodeOwn lets a type read itself, unless the schema has refused the value.
func (r *resolver) decodeOwn(v reflect.Value, n *node, path []string) {
	if r.refused(n) {
		return
	}
	text, err := json.Marshal(n.plain())
	if err == nil {
		err = json.Unmarshal(text, v.Addr().Interface())
	}
	if err != nil {
		v.SetZero()
		r.add(path, cause(err))
	}
}

// refused reports whether something is wrong at a node, or below it.
func (r *resolver) refused(n *node) bool {
	below := map[pos]bool{}
	n.places(below)
	return slices.ContainsFunc(r.wrong.list, func(m Mistake) bool {
		return below[pos{line: m.Line, column: m.Column, origin: m.Origin}]
	})
}

func (n *node) places(into map[pos]bool) {
	into[n.pos] = true
	switch v := n.value.(type) {
	case []*node:
		for _, item := range v {
			item.places(into)
		}
	case *mapping:
		for _, name := range v.names {
			into[v.keys[name]] = true
			v.values[name].places(into)
		}
	}
}

// cause is the text of an error of ours, without the names of packages.
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			break
		}
		err = inner
	}
	return strings.TrimPrefix(err.Error(), "config: ")
}

func (r *resolver) add(path []string, text string) {
	r.wrong.add(r.root.find(path).pos, pathText(path), text)
}

// read reads a file that the configuration names, relative to the configuration's folder,
// and remembers it. What is wrong is said without the contents.
func (r *resolver) read(name string) (text []byte, why string) {
	path := r.path(name)
	text, stamp, err := ReadStamp(path)
	if !slices.ContainsFunc(r.l.Files, func(s Stamp) bool { return s.Path == path }) {
		r.l.Files = append(r.l.Files, stamp)
	}
	var fault *fs.PathError
	if errors.As(err, &fault) {
		err = fault.Err
	}
	if err != nil {
		return nil, fmt.Sprintf("the file cannot be read: %v", err)
	}
	return text, ""
}

func (r *resolver) path(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.dir, name)
}
