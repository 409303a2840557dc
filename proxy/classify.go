package proxy

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/keypool"
)

// classify gives every fresh row its status, in order, and enters it into the lookups:
// rows in, routes out, nothing else.
//
// A disabled row is disabled whatever else is wrong with it. Only an enabled row
// claims its host; a row in error claims nothing at all, or one bad row would take
// its neighbour's name away.
func (d *draft) classify() {
	for _, r := range d.fresh {
		d.rows[r.at] = r
		vendor, err := vendorOf(r.Type)
		if r.fault == nil {
			r.vendor, r.fault = vendor, err
		}
		if r.Status == StatusDisabled {
			d.rest(r)
			continue
		}
		if r.fault == nil {
			r.fault = d.enable(r)
		}
		if r.fault != nil {
			d.exclude(r, r.fault)
		}
	}
}

// errBaseURL marks the reasons for which a row's base URL cannot be used at all.
type errBaseURL struct{ text string }

func (e errBaseURL) Error() string { return e.text }

// exclude puts a row in error. It answers to its name only as long as no other does.
func (d *draft) exclude(r *row, err error) {
	r.Status, r.Reason = StatusError, err.Error()
	var base errBaseURL
	r.badBase = errors.As(err, &base)
	if d.names.get(r.Name) == nil {
		d.names.add(r.Name, r)
	}
}

// locate finds out where the row's upstream is. A base URL that the row of that name had
// before is not parsed again.
func (r *row) locate(old *row) error {
	if old != nil && old.base != nil && old.BaseURL == r.BaseURL {
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
func (d *draft) enable(r *row) error {
	if d.taken(r.Name) {
		return fmt.Errorf("name %q already used", r.Name)
	}
	if err := checkKeys(r.secrets); err != nil {
		return err
	}
	if owner := d.hosts.get(r.host); owner != nil {
		return fmt.Errorf("hostname %q already claimed by provider %q", r.host, owner.Name)
	}
	d.names.put(r.Name, r)
	d.hosts.add(r.host, r)
	r.sole, r.holds = true, r.secrets != nil
	return nil
}

// rest claims a disabled row's name, and lets the row hold its keys' states, when
// both are in order.
func (d *draft) rest(r *row) {
	if d.taken(r.Name) {
		return
	}
	d.names.put(r.Name, r)
	r.sole, r.holds = true, r.secrets != nil && checkKeys(r.secrets) == nil
	if r.holds && r.host != "" {
		d.resting.add(r.host, r)
	}
}

// taken reports whether an enabled or a disabled row has the name.
func (d *draft) taken(name string) bool {
	r := d.names.get(name)
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
