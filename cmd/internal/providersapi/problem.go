package providersapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gatedrill/gatedrill/cmd/internal/sqlsource"
)

// problem is a refusal: problem details (RFC 9457) of the type about:blank, whose
// title is the status's. It is an error, so that what edits rows can return one.
type problem struct {
	Type   string    `json:"type"`
	Title  string    `json:"title"`
	Status int       `json:"status"`
	Detail string    `json:"detail"`
	Errors []mistake `json:"errors,omitempty"`
}

// mistake is one thing that is wrong with a body.
type mistake struct {
	// Pointer is a JSON pointer into the body as a URI fragment (RFC 6901, section 6), as
	// the example of RFC 9457, section 3, has it: "#/keys/1".
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

func (p *problem) Error() string { return p.Detail }

func refuse(status int, detail string, mistakes ...mistake) *problem {
	return &problem{"about:blank", http.StatusText(status), status, detail, mistakes}
}

// wrong refuses a body for all of its mistakes.
func wrong(mistakes []mistake) *problem {
	detail := "the body has a mistake, see errors"
	if n := len(mistakes); n > 1 {
		detail = fmt.Sprintf("the body has %d mistakes, see errors", n)
	}
	return refuse(http.StatusUnprocessableEntity, detail, mistakes...)
}

// problemOf is what an error of the store is to the client.
func problemOf(err error) *problem {
	var p *problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, sqlsource.ErrLocked):
		return refuse(http.StatusServiceUnavailable, "nothing is changed: "+err.Error())
	}
	return refuse(http.StatusInternalServerError, "nothing is changed: "+err.Error())
}

func (p *problem) write(w http.ResponseWriter) {
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	p.Detail = redact(p.Detail)
	for i := range p.Errors {
		p.Errors[i].Detail = redact(p.Errors[i].Detail)
	}
	writeJSON(w, p.Status, "application/problem+json", p)
}

func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	text, _ := json.MarshalIndent(body, "", "  ") // nothing that is shown here fails
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(text)+1))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// userinfo is the user and the password of a URL, up to the last at sign, since those who
// do not escape their passwords have them in the middle as well.
var userinfo = regexp.MustCompile(`//[^\s"]*@`)

// redact takes passwords out of base URLs that were stored past this API, which takes none.
func redact(text string) string { return userinfo.ReplaceAllString(text, "//[redacted]@") }
