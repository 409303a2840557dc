package proxy

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// targetPath is the path of a request as it was sent: still escaped, byte for byte.
// net/url rewrites the escaping of characters that it would have escaped, which is not
// for a gateway to do. It is what it is when the request was sent to no path ("*").
func targetPath(r *http.Request) string {
	uri := r.RequestURI
	if !strings.HasPrefix(uri, "/") {
		_, rest, absolute := strings.Cut(uri, "://")
		if !absolute {
			return r.URL.EscapedPath()
		}
		i := strings.IndexAny(rest, "/?")
		if i < 0 || rest[i] == '?' {
			return "/"
		}
		uri = rest[i:]
	}
	path, _, _ := strings.Cut(uri, "?")
	// Someone between us and the listener may have rewritten the URL alone.
	if plain, err := url.PathUnescape(path); err != nil || plain != r.URL.Path {
		return r.URL.EscapedPath()
	}
	return path
}

// setPath puts an escaped path into u so that it is sent as it is.
func setPath(u *url.URL, escaped string) error {
	if isPlain(escaped) {
		u.Path = escaped
		return nil
	}
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return err
	}
	u.Path, u.RawPath = path, escaped
	// Opaque is sent untouched, but would be taken for an authority after "//".
	if u.EscapedPath() != escaped && !strings.HasPrefix(escaped, "//") {
		u.Opaque = escaped
	}
	return nil
}

// isPlain reports whether a path is the same escaped, unescaped and as net/url would
// escape it: most are, and need not be worked out.
func isPlain(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return !strings.HasPrefix(path, "//")
}

// bridgeTarget is where the bridge serves a request of the named provider:
// <prefix>/<provider>/<path>, the query kept byte for byte.
func (s *Server) bridgeTarget(provider string, r *http.Request) (u *url.URL, requestURI string) {
	path := targetPath(r)
	escaped := s.cfg.BridgePrefix + "/" + url.PathEscape(provider) + path
	u = &url.URL{RawQuery: r.URL.RawQuery, ForceQuery: r.URL.ForceQuery}
	u.Path, u.RawPath = s.cfg.BridgePrefix+"/"+provider+r.URL.Path, escaped
	if r.URL.Path == "" { // absolute-form without a path
		u.Path += "/"
	}
	requestURI = escaped
	if u.ForceQuery || u.RawQuery != "" {
		requestURI += "?" + u.RawQuery
	}
	return u, requestURI
}

// splitBridgeTarget is the inverse: the provider, and the escaped path that is left.
func (s *Server) splitBridgeTarget(r *http.Request) (provider, rest string, ok bool) {
	path, ok := strings.CutPrefix(targetPath(r), s.cfg.BridgePrefix+"/")
	if !ok {
		return "", "", false
	}
	segment, rest, _ := strings.Cut(path, "/")
	provider, err := url.PathUnescape(segment)
	return provider, "/" + rest, err == nil
}

var errBasePath = errors.New("proxy: base path cannot be joined")

// joinBase puts the base URL's path in front of an escaped path, unless that begins
// with it already, at a segment boundary.
func joinBase(base *url.URL, path string) (string, error) {
	// A percent sign that is left after decoding would be decoded again by whoever takes
	// the joined path apart.
	if strings.Contains(base.Path, "%") {
		return "", fmt.Errorf("%w: %q holds an escaped percent sign", errBasePath, base.EscapedPath())
	}
	prefix := strings.TrimRight(base.EscapedPath(), "/")
	if prefix == "" || path == prefix || strings.HasPrefix(path, prefix+"/") {
		return path, nil
	}
	if !strings.HasPrefix(prefix, "/") {
		prefix = "/" + prefix
	}
	return prefix + path, nil
}
