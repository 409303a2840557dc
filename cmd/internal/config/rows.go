package config

import (
	"context"
	"net/url"
	"strings"

	"github.com/gatedrill/gatedrill/proxy"
)

// rows makes providers of the file, and lets the gateway itself say what is wrong with
// them: two opinions on what a good base URL is would come apart.
func (r *resolver) rows() {
	for i, p := range r.l.File.Providers {
		path := []string{"providers", index(i)}
		row := proxy.Provider{Name: p.Name, Type: p.Type, BaseURL: p.BaseURL, Disabled: p.Disabled}
		if p.Keys != nil {
			row.Keys = append([]string{}, r.secrets(p.Keys, append(path, "keys"))...)
		}
		r.l.Providers = append(r.l.Providers, row)
		if p.Name != "" && (url.PathEscape(p.Name) != p.Name) {
			r.row(path, "name", "it does not fit into a path as it is: letters, digits, - and _ do")
		}
	}
	if len(r.wrong.list) > 0 {
		return // keys may be missing above: what the gateway says would be about that
	}
	server, err := proxy.New(proxy.Config{Source: proxy.Static(r.l.Providers)})
	if err == nil {
		err = server.Reload(context.Background())
	}
	if err != nil {
		r.add([]string{"providers"}, r.clean(err.Error()))
		return
	}
	for i, status := range server.Snapshot().Providers() {
		if status.Status == proxy.StatusError {
			r.row([]string{"providers", index(i)}, settingOf(status.Reason), r.clean(status.Reason))
		}
	}
}

// row adds what is wrong with one provider.
func (r *resolver) row(path []string, setting, text string) {
	path = append(path, setting)
	at := r.root.find(path).pos
	r.l.Rows = inOrder(append(r.l.Rows, Mistake{Line: at.line, Column: at.column, Origin: at.origin,
		Path: pathText(path), Text: text, Row: true}))
}

// settingOf is the setting that a row's reason is about.
func settingOf(reason string) string {
	switch {
	case strings.HasPrefix(reason, "name "):
		return "name"
	case strings.HasPrefix(reason, "unknown provider type"):
		return "type"
	case strings.Contains(reason, "key"):
		return "keys"
	}
	return "base_url"
}

// clean takes keys and tokens, and passwords in URLs, out of a text of the gateway's.
func (r *resolver) clean(text string) string {
	secrets := append([]string{r.l.AdminToken, r.l.UpstreamProxy}, r.l.Tokens...)
	for _, p := range r.l.Providers {
		secrets = append(secrets, p.Keys...)
	}
	for _, secret := range secrets {
		if len(secret) >= 4 { // a shorter one is nobody's secret, and is in every word
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	if before, rest, ok := strings.Cut(text, "://"); ok {
		if i := strings.LastIndex(rest, "@"); i >= 0 {
			text = before + "://[redacted]" + rest[i:]
		}
	}
	return text
}
