package providersapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// member is one of a JSON object's, in the order of the text.
type member struct {
	name  string
	value json.RawMessage
}

// readBody reads a JSON object. Media types are without parameters but for charset.
func readBody(w http.ResponseWriter, r *http.Request, types ...string) ([]member, error) {
	got, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, named := params["charset"]
	if err != nil || !slices.Contains(types, got) || named && !strings.EqualFold(charset, "utf-8") {
		if r.Method == http.MethodPatch {
			w.Header().Set("Accept-Patch", strings.Join(types, ", "))
		}
		return nil, refuse(http.StatusUnsupportedMediaType, "send Content-Type: "+types[0])
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		w.Header().Set("Accept-Encoding", "identity") // RFC 9110, section 12.5.3
		return nil, refuse(http.StatusUnsupportedMediaType, "send the body as it is, without Content-Encoding")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body may have "+strconv.Itoa(MaxBody)+" bytes")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body did not arrive as a whole")
	}
	return parseObject(text)
}

// errSyntax has nothing of the text, in which there may be keys.
func errSyntax(at int64) error {
	return refuse(http.StatusBadRequest, "the body is not JSON, from byte "+strconv.FormatInt(at, 10)+" on")
}

func parseObject(text []byte) ([]member, error) {
	if !utf8.Valid(text) {
		return nil, refuse(http.StatusBadRequest, "the body is not UTF-8")
	}
	if !json.Valid(text) {
		var syntax *json.SyntaxError
		var any json.RawMessage
		if errors.As(json.Unmarshal(text, &any), &syntax) {
			return nil, errSyntax(syntax.Offset)
		}
		return nil, errSyntax(0)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, wrong([]mistake{{"#", "is no object"}})
	}
	var members []member
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errSyntax(d.InputOffset())
		}
		m := member{name: name.(string)} // which is what stands there in valid JSON
		if err := d.Decode(&m.value); err != nil {
			return nil, errSyntax(d.InputOffset())
		}
		members = append(members, m)
	}
	return members, nil
}

// pointer is a JSON pointer as a URI fragment.
func pointer(tokens ...string) string {
	text := "#"
	for _, token := range tokens {
		token = strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
		text += "/" + (&url.URL{Path: token}).EscapedPath()
	}
	return text
}

// forced reads the query, whose only word is "force".
func forced(r *http.Request) (bool, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false, refuse(http.StatusBadRequest, "the query does not parse")
	}
	values, force := query["force"]
	if len(query) > 1 || len(query) == 1 && !force || len(values) > 1 {
		return false, refuse(http.StatusBadRequest, "the query may be ?force and nothing else")
	}
	if !force || values[0] == "" {
		return force, nil
	}
	yes, err := strconv.ParseBool(values[0])
	if err != nil {
		return false, refuse(http.StatusBadRequest, "force is true or false")
	}
	return yes, nil
}
