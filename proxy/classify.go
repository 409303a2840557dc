package proxy

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/keypool"
)

// classify gives every row its status, in order, and builds the lookups: rows in,
// routes out, nothing else. A base URL that the row of that name had before is not
// parsed again, since parsing is most of what a reload of many rows costs.
//
// A disabled row is disabled whatever else is wrong with it. Only an enabled row
// claims its host; a row in error claims nothing at all, or one bad row would take
// its neighbour's name away.
func classify(providers []Provider, before *Snapshot) *Snapshot {
	s := &Snapshot{
		rows:  make([]row, len(providers)),
		hosts: make(map[string]*row, len(providers)),
		names: make(map[string]*row, len(providers)),
	}
	for i := range providers {
		p, r := &providers[i], &s.rows[i]
		r.ProviderStatus = ProviderStatus{Name: p.Name, Type: p.Type, BaseURL: p.BaseURL, Status: StatusEnabled}
		r.secrets, r.before = p.Keys, before.names[p.Name]
		err := r.locate()
		if err == nil {
			r.vendor, err = vendorOf(p.Type)
		}
		if p.Disabled {
			r.Status = StatusDisabled
			s.rest(r)
			continue
		}
		if err == nil {
			err = s.enable(r)
		}
		if err != nil {
			s.exclude(r, err)
		}
	}
	return s
}

// errBaseURL marks the reasons for which a row's base URL cannot be used at all.
type errBaseURL struct{ text string }

func (e errBaseURL) Error() string { return e.text }

// exclude puts a row in error. It answers to its name only as long as no other does.
func (s *Snapshot) exclude(r *row, err error) {
	r.Status, r.Reason = StatusError, err.Error()
	var base errBaseURL
	r.badBase = errors.As(err, &base)
	if s.names[r.Name] == nil {
		s.names[r.Name] = r
	}
}

// locate finds out where the row's upstream is.
func (r *row) locate() error {
	if old := r.before; old != nil && old.base != nil && old.BaseURL == r.BaseURL {
		r.base, r.host = old.base, old.host
		return nil
	}
	base, err := parseBaseURL(r.BaseURL)
	if err != nil {
		return err
	}
	r.base, r.host = base, canonicalHost(base.Hostname())
	return nil
}

// parseBaseURL checks in the order blank, parse, hostname, scheme.
func parseBaseURL(raw string) (*url.URL, error) {
	if strings.TrimSpace(raw) == "" {
		return nil, errBaseURL{"base url is empty"}
	}
	u, err := url.Parse(raw)
	if err != nil {
		// url.Error repeats the input, which is quoted here already.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return nil, errBaseURL{fmt.Sprintf("invalid base url %q: %v", raw, err)}
	}
	if canonicalHost(u.Hostname()) == "" {
		return nil, errBaseURL{fmt.Sprintf("base url %q has no hostname", raw)}
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return nil, errBaseURL{fmt.Sprintf("unsupported scheme %q", u.Scheme)}
	}
	return u, nil
}

func vendorOf(name string) (keypool.Vendor, error) {
	v, err := keypool.ParseVendor(name)
	if err != nil {
		return 0, fmt.Errorf("unknown provider type %q", name)
	}
	return v, nil
}

// enable checks in the order name, keys, host, and claims only when all are good.
func (s *Snapshot) enable(r *row) error {
	if s.taken(r.Name) {
		return fmt.Errorf("name %q already used", r.Name)
	}
	if err := checkKeys(r.secrets); err != nil {
		return err
	}
	if owner := s.hosts[r.host]; owner != nil {
		return fmt.Errorf("hostname %q already claimed by provider %q", r.host, owner.Name)
	}
	s.names[r.Name], s.hosts[r.host] = r, r
	r.holds = r.secrets != nil
	return nil
}

// rest claims a disabled row's name, and lets the row hold its keys' states, when
// both are in order.
func (s *Snapshot) rest(r *row) {
	if !s.taken(r.Name) {
		s.names[r.Name] = r
		r.holds = r.secrets != nil && checkKeys(r.secrets) == nil
	}
}

// taken reports whether an enabled or a disabled row has the name.
func (s *Snapshot) taken(name string) bool {
	r := s.names[name]
	return r != nil && r.Status != StatusError
}

var errDuplicateKey = errors.New("duplicate key")

func checkKeys(keys []string) error {
	if keys != nil && len(keys) == 0 {
		return errors.New("empty key list")
	}
	if len(keys) <= 8 { // nearly always, and without an allocation
		for i, key := range keys {
			if slices.Contains(keys[:i], key) {
				return errDuplicateKey
			}
		}
		return nil
	}
	seen := make(map[string]struct{}, len(keys))
	for _, key := range keys {
		if _, again := seen[key]; again {
			return errDuplicateKey
		}
		seen[key] = struct{}{}
	}
	return nil
}
