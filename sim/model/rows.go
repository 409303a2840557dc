package model

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gatedrill/gatedrill/sim/drill"
)

// The statuses of a row.
const (
	enabled  = "enabled"
	disabled = "disabled"
	excluded = "error"
)

// provider is a row with what a reload makes of it.
type provider struct {
	row    drill.Row
	status string
	reason string // of an exclusion
	base   *url.URL
	host   string // lower case; "": it has none
	keys   []*key // nil: it holds no keys, or is excluded
	turn   int    // index of the key that a round robin looks at first
}

// snapshot is the providers of one good reload, in the order of the source.
type snapshot []*provider

// owner is the provider that a host belongs to; nil: nobody has it.
func (s snapshot) owner(host string) *provider {
	for _, p := range s {
		if p.status == enabled && p.host == host {
			return p
		}
	}
	return nil
}

// named is the provider that has the name: an excluded row has nothing.
func (s snapshot) named(name string) *provider {
	for _, p := range s {
		if p.status != excluded && p.row.Name == name {
			return p
		}
	}
	return nil
}

// classify gives each row its status. A row that is switched off is disabled
// whatever else is wrong with it; a row that is wrong takes nothing away from
// those that follow.
func classify(rows []drill.Row) snapshot {
	var s snapshot
	for _, row := range rows {
		p := &provider{row: row, status: enabled}
		var reason string
		p.base, reason = locate(row.URL)
		if p.base != nil {
			p.host = plainHost(p.base.Hostname())
		}
		free, inOrder := s.named(row.Name) == nil, keyFault(row)
		switch {
		case row.Disabled:
			p.status = disabled
		case reason != "":
		case !slices.Contains([]string{"openai", "anthropic", "copilot"}, row.Type):
			reason = fmt.Sprintf("unknown provider type %q", row.Type)
		case !free:
			reason = fmt.Sprintf("name %q already used", row.Name)
		case inOrder != "":
			reason = inOrder
		case s.owner(p.host) != nil:
			reason = fmt.Sprintf("hostname %q already claimed by provider %q", p.host, s.owner(p.host).row.Name)
		}
		if !row.Disabled && reason != "" {
			p.status, p.reason = excluded, reason
		}
		if p.status != excluded && row.HasKeys && free && inOrder == "" {
			p.keys = make([]*key, len(row.Keys))
		}
		s = append(s, p)
	}
	return s
}

// locate says where a base URL leads, or what is wrong with it: blank, parse,
// hostname, scheme, in this order.
func locate(raw string) (base *url.URL, fault string) {
	if strings.TrimSpace(raw) == "" {
		return nil, "base url is empty"
	}
	u, err := url.Parse(raw)
	var why *url.Error
	switch {
	case errors.As(err, &why):
		return nil, fmt.Sprintf("invalid base url %q: %v", raw, why.Err)
	case err != nil:
		return nil, fmt.Sprintf("invalid base url %q: %v", raw, err)
	case plainHost(u.Hostname()) == "":
		return nil, fmt.Sprintf("base url %q has no hostname", raw)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Sprintf("unsupported scheme %q", u.Scheme)
	}
	return u, ""
}

func keyFault(row drill.Row) string {
	if row.HasKeys && len(row.Keys) == 0 {
		return "empty key list"
	}
	for i, k := range row.Keys {
		if slices.Contains(row.Keys[:i], k) {
			return "duplicate key"
		}
	}
	return ""
}

// plainHost is a name as it is compared: in lower case, without the root's dot.
func plainHost(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }
