// Package config is the file of `gatedrill serve`: what it may say, what it says, and
// everything that is wrong with it, with line and column.
//
//	text ─yaml─▶ nodes ─▶ value ─schema─▶ File ─secrets, ranges, rows─▶ Loaded
//	               │         │      │                    │
//	               └─────────┴──────┴──── Mistakes ◀─────┘   all at once
//
// The schema is made from File, published as docs/gatedrill.schema.json for editors, and
// is what files are checked with: the three cannot disagree.
//
//	loaded, err := config.Load("gatedrill.yaml", os.Getenv)
//	var wrong *config.Error // has every mistake
//
// No text of this package repeats a key, a token or a password, wherever in the file
// it stands by mistake.
package config

// File is the configuration as it is written. Every zero value is the default.
type File struct {
	Listen        Listen        `json:"listen" doc:"Where the gateway listens. At least one of proxy, proxy_tls and base_url."`
	CA            CA            `json:"ca" doc:"The authority that signs the certificates of intercepted hosts."`
	Tokens        []Secret      `json:"tokens" doc:"The gateway tokens, one of which clients must present. None: nobody is asked for one. Restart to change."`
	Auth          string        `json:"auth" enum:"tokens|any" default:"tokens" doc:"Whose token passes: one of tokens, or any that is not empty. Restart to change."`
	BYOK          string        `json:"byok" enum:"allow|deny" default:"allow" doc:"What happens to requests with a provider key of the client's own. Restart to change."`
	Tunnel        string        `json:"tunnel" enum:"allow|deny" default:"allow" doc:"What happens to CONNECT to hosts of no provider: tunnelled unread, or refused. Restart to change."`
	Ports         []int         `json:"ports" min:"1" max:"65535" default:"443, 80" doc:"The ports that clients may name. Restart to change."`
	Exempt        []CIDR        `json:"exempt" doc:"Private address ranges that clients may reach all the same. Restart to change."`
	UpstreamProxy UpstreamProxy `json:"upstream_proxy" doc:"The proxy behind which the hosts are that clients choose; never used for providers. Restart to change."`
	UpstreamCA    string        `json:"upstream_ca_file" doc:"PEM file of authorities to trust in upstreams, beside the system's. Restart to change."`
	Policy        Policy        `json:"policy" doc:"What answers of upstreams mean for keys: a preset, or a table. Restart to change."`
	Strategy      string        `json:"strategy" enum:"primary|round-robin|least-limited" default:"primary" doc:"Which of a provider's usable keys a request gets. Restart to change."`
	ReplayLimit   Size          `json:"replay_limit" default:"32MiB" doc:"The largest request body that is kept for a second attempt; 0 keeps none. Restart to change."`
	Timeouts      Timeouts      `json:"timeouts" doc:"Restart to change."`
	Bridge        Bridge        `json:"bridge" doc:"What leads from decrypted requests to upstreams. Restart to change."`
	Log           Log           `json:"log" doc:"What is written to standard error. Restart to change."`
	Admin         Admin         `json:"admin" doc:"The administrators' listener. Restart to change."`
	Source        string        `json:"source" enum:"file|sqlite" default:"file" doc:"Where providers come from: this file, or a database. Restart to change."`
	SQLite        *SQLite       `json:"sqlite" doc:"The database of source: sqlite. Restart to change."`
	Providers     []Provider    `json:"providers" doc:"The upstreams and their keys, with source: file. Of two with one name, or one host, the first wins. Changes apply at once."`
}

// Listen says where the gateway listens; an address is HOST:PORT, or off.
type Listen struct {
	Proxy    string   `json:"proxy" default:"127.0.0.1:8080" doc:"The proxy, without TLS; off: none."`
	ProxyTLS ProxyTLS `json:"proxy_tls" doc:"The proxy by TLS, as in https_proxy=https://…"`
	BaseURL  string   `json:"base_url" default:"off" doc:"Base-URL mode, for clients that cannot use a proxy."`
	Admin    string   `json:"admin" default:"127.0.0.1:9090" doc:"The administrators' pages; off: none."`
}

// ProxyTLS is the proxy listener with TLS.
type ProxyTLS struct {
	Address string   `json:"address" doc:"HOST:PORT; none: no such listener."`
	Cert    string   `json:"cert" doc:"PEM file with the certificate chain; none: one of the gateway's own CA. Read again at each reload."`
	Key     string   `json:"key" doc:"PEM file with the key of cert."`
	Names   []string `json:"names" default:"localhost, 127.0.0.1, ::1 and the host's name" doc:"The names and addresses in the gateway's own certificate."`
}

// CA is the authority: made once and kept in Dir, or given as two files.
type CA struct {
	Dir  string `json:"dir" default:"$STATE_DIRECTORY, or $XDG_STATE_HOME/gatedrill" doc:"Where the authority is kept that the first start makes: ca.pem, with its key, and ca-cert.pem for clients."`
	Cert string `json:"cert" doc:"PEM file with an authority's certificate, instead of dir."`
	Key  string `json:"key" doc:"PEM file with the key of cert."`
}

// UpstreamProxy is the chained proxy.
type UpstreamProxy struct {
	URL    Secret `json:"url" doc:"http or https://user:password@host:port; env:NAME and file:PATH are understood."`
	CAFile string `json:"ca_file" doc:"PEM file of authorities to trust in an https proxy, beside the system's."`
}

// Timeouts are limits; "off" is no limit, and absent the default.
type Timeouts struct {
	TLSHandshake Duration `json:"tls_handshake" default:"10s" doc:"A handshake, with a client or an upstream."`
	Header       Duration `json:"header" default:"30s" doc:"The reading of a request's header."`
	Idle         Duration `json:"idle" default:"5m" doc:"The rest before a tunnel's first request and between two."`
	Dial         Duration `json:"dial" default:"30s" doc:"A dial, name resolution included."`
	Upstream     Duration `json:"upstream" default:"10m" doc:"The wait for an upstream's status line."`
	UpstreamIdle Duration `json:"upstream_idle" default:"10m" doc:"The silence of an upstream in the middle of an answer."`
	Drain        Duration `json:"drain" default:"10s" doc:"How long requests may take to finish when the gateway is stopped."`
}

// Bridge is the way from requests to upstreams.
type Bridge struct {
	Prefix    string `json:"prefix" default:"/api/v2/aibridge" doc:"The path of base-URL mode and of url."`
	URL       string `json:"url" doc:"The bridge of another process; none: in-process."`
	UserAgent string `json:"user_agent" default:"gatedrill" doc:"Sent upstream for clients that send none."`
}

// Log is what the log looks like.
type Log struct {
	Level  string `json:"level" enum:"debug|info|warn|error" default:"info" doc:"The least serious line that is written."`
	Format string `json:"format" enum:"text|json" default:"text" doc:"One line of logfmt, or of JSON, each."`
}

// Admin is how administrators are known.
type Admin struct {
	Token Secret `json:"token" doc:"Bearer token that everything but /livez, /healthz, /metrics and /ca-cert.pem asks for; none: nobody is asked."`
}

// SQLite is the database of providers.
type SQLite struct {
	Path string `json:"path" required:"true" doc:"The file; made when it is not there."`
	Seal Secret `json:"seal" doc:"The secret under which keys are stored, env:NAME or file:PATH, 32 characters and more; absent: they are stored as they are."`
}

// Provider is an upstream and its keys.
type Provider struct {
	Name     string   `json:"name" required:"true" doc:"Its name, in paths of base-URL mode, metrics and logs."`
	Type     string   `json:"type" required:"true" enum:"openai|anthropic|copilot" doc:"Whose wire format it speaks."`
	BaseURL  string   `json:"base_url" required:"true" doc:"http or https; its path is put in front of requests'."`
	Keys     []Secret `json:"keys" doc:"In order of preference; absent: clients bring their own."`
	Disabled bool     `json:"disabled" default:"false" doc:"Out of service; its keys keep their states."`
}
