package providersapi

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// etag names a row's version. It is the stored row's: neither its place nor what became
// of it in the gateway changes it, nor do edits of other rows.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// entityTag is one (RFC 9110, section 8.8.3), and the comma behind it.
var entityTag = regexp.MustCompile(`^[ \t]*((?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,|$)`)

// precondition evaluates If-Match and If-None-Match (RFC 9110, section 13.1) of a request
// that changes a row. Weak tags match nothing in If-Match.
func precondition(r *http.Request, version int64) error {
	current := etag(version)
	if lines := r.Header.Values("If-Match"); len(lines) > 0 {
		matched, err := matches(lines, func(tag string) bool { return tag == current })
		if err != nil {
			return err
		}
		if !matched {
			return refuse(http.StatusPreconditionFailed, "the provider has changed since: its ETag is "+current)
		}
	}
	if lines := r.Header.Values("If-None-Match"); len(lines) > 0 {
		matched, err := matches(lines, func(tag string) bool { return strings.TrimPrefix(tag, "W/") == current })
		if err != nil {
			return err
		}
		if matched {
			return refuse(http.StatusPreconditionFailed, "there is a provider of that name and ETag")
		}
	}
	return nil
}

func matches(lines []string, match func(tag string) bool) (bool, error) {
	list := strings.TrimSpace(strings.Join(lines, ","))
	if list == "*" {
		return true, nil
	}
	found := false
	for list != "" {
		tag := entityTag.FindStringSubmatch(list)
		if tag == nil {
			return false, refuse(http.StatusBadRequest, `entity tags are "*" or a list of strings in quotes`)
		}
		found = found || match(tag[1])
		list = list[len(tag[0]):]
	}
	return found, nil
}
