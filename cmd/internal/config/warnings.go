package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Warnings are sentences about what a file does that somebody may come to regret. They
// hold no secret.
func (l *Loaded) Warnings() (list []string) {
	if info, err := os.Stat(l.Path); err == nil && info.Mode().Perm()&0o077 != 0 && l.hasInline() {
		list = append(list, fmt.Sprintf("%s has keys or tokens in it and may be read by others (%s): chmod 600 it, or write env:NAME and file:PATH", l.Path, info.Mode().Perm()))
	}
	if l.File.Source == "sqlite" && l.AdminToken == "" {
		list = append(list, "admin.token is missing: without it nobody can edit the database's providers")
	}
	if l.File.SQLite != nil && l.Seal == "" {
		list = append(list, "sqlite.seal is missing: keys are in the database as they are, and in every backup of it")
	}
	for i, token := range l.Tokens {
		if len(token) < 16 {
			list = append(list, fmt.Sprintf("tokens[%d] is short: 16 characters and more cannot be guessed", i))
		}
	}
	for i, p := range l.Providers {
		u, err := url.Parse(p.BaseURL)
		if err == nil && u.Scheme == "http" && len(p.Keys) > 0 && !isLoopback(u.Hostname()) {
			list = append(list, fmt.Sprintf("providers[%d] has an http:// base URL: its keys cross the network readable", i))
		}
	}
	return list
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func (l *Loaded) hasInline() bool {
	inline := func(s Secret) bool { return s != "" && !s.IsReference() }
	f := &l.File
	return slices.ContainsFunc(f.Tokens, inline) || inline(f.Admin.Token) || f.SQLite != nil && inline(f.SQLite.Seal) ||
		inline(f.UpstreamProxy.URL) && strings.Contains(string(f.UpstreamProxy.URL), "@") ||
		slices.ContainsFunc(f.Providers, func(p Provider) bool { return slices.ContainsFunc(p.Keys, inline) })
}
